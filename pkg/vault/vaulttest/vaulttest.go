// Package vaulttest gives tests a vault.
package vaulttest

import (
	"context"
	"sync"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault"
)

// Keyring is the one of this test binary.
var Keyring = sync.OnceValue(func() *vault.Keyring {
	k, err := vault.NewKeyring()
	if err != nil {
		panic(err) // of making random keys
	}
	return k
})

// tester is *testing.T, *testing.B or *rapid.T.
type tester interface {
	Helper()
	Fatal(args ...any)
}

// On is a vault that keeps its keys on an engine, beside the data of the test. To
// open one there again, after a restart, gives the same keys.
func On(t tester, e docstore.Engine, opts ...vault.Option) *vault.Vault {
	t.Helper()
	v, err := vault.New(context.Background(), e, Keyring(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
