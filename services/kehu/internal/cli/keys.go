package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/vault"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
)

func newKeys() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Look after the keys under which personal data are sealed"}
	cmd.AddCommand(newKeysCreate(), newKeysRotate())
	return cmd
}

func newKeysCreate() *cobra.Command {
	return &cobra.Command{
		Use:   "create FILE",
		Short: "Make a keyring",
		Long: `Makes a keyring for a suite on MongoDB, in a file that its owner alone may read.
Every replica is given the same file. Keep a copy apart from the data and from
their back-ups: without it nobody can read the personal data any more.

An embedded store makes its own at the first start: keyring.json in its directory.`,
		Example: "  kehu keys create /etc/kehu/keyring.json",
		Args:    exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, err := vault.CreateKeyring(args[0])
			if errors.Is(err, fs.ErrExist) {
				return usageError{fmt.Errorf("%s is there already, and is left as it is", args[0])}
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stdout, "made %s; keep a copy apart from the data\n", args[0])
			return nil
		},
	}
}

func newKeysRotate() *cobra.Command {
	var store engines.Config
	var keepOld bool
	cmd := &cobra.Command{
		Use:   "rotate --data DIR",
		Short: "Replace the master key",
		Long: `Gives the keyring a new master key, wraps every data key by it, and then drops
the old master key. The personal data are not touched, and the names of look-ups
(blind indexes) stay. Stop the suite first; if the command breaks off, run it again.

What the old master key wrapped can then be read by nobody who has only this
keyring: copies of the key store made before are void, with the keys of erased
persons in them. Back up the keyring and the key store afterwards.`,
		Example: "  kehu keys rotate --data ./data",
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return rotateKeys(cmd.Context(), os.Stdout, store, keepOld)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&store.Data, "data", "", "directory of the embedded store")
	flags.StringVar(&store.MongoDBURI, "mongodb-uri", "", "MongoDB instead of a directory")
	flags.StringVar(&store.Keyring, "keyring", "", "file of the keyring; keyring.json in the directory by default")
	flags.BoolVar(&keepOld, "keep-old", false, "keep the old master key in the file, for copies of the key store made before")
	return cmd
}

func rotateKeys(ctx context.Context, out io.Writer, store engines.Config, keepOld bool) error {
	if err := store.Validate(); err != nil {
		return usageError{err}
	}
	if store.KeyringPath() == "" {
		return usageError{errors.New("--keyring is missing: the file of the keyring")}
	}
	stage := reporter().Start("keys", 0, progress.Count)
	r, err := suite.RotateKeys(ctx, store, keepOld, func(keys int64) { stage.Set(keys, 0) })
	if err != nil {
		return err
	}
	stage.End()
	_, err = fmt.Fprintf(out, "%d data keys are wrapped anew; %s holds the new master key and %d old\n", r.Rewrapped, r.Keyring, r.Kept)
	return err
}
