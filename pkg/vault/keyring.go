package vault

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Keyring holds the master keys, which wrap data keys, and the key of the blind
// indexes.
type Keyring struct {
	wrapping, indexing *keyset.Handle
	masters            tink.AEAD
	indexes            *prf.Set
}

// NewKeyring makes a keyring in memory. Whatever is sealed with it is lost with it.
func NewKeyring() (*Keyring, error) {
	wrapping, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	indexing, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, err
	}
	return newKeyring(wrapping, indexing)
}

func newKeyring(wrapping, indexing *keyset.Handle) (*Keyring, error) {
	masters, err := aead.New(wrapping)
	if err != nil {
		return nil, err
	}
	indexes, err := prf.NewPRFSet(indexing)
	if err != nil {
		return nil, err
	}
	return &Keyring{wrapping, indexing, masters, indexes}, nil
}

// blindIndexSize is in bytes: 128 bits, of which no two values share one by chance.
const blindIndexSize = 16

var blindEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// BlindIndex is a name for a value of a kind that tells nothing of the value to
// who does not have the keyring: 26 lower-case letters and digits, the same for
// the same kind and value for ever, and with another keyring another. The value
// is to be normalised before.
func (k *Keyring) BlindIndex(kind, value string) (string, error) {
	input := make([]byte, 0, len(indexPurpose)+binary.MaxVarintLen32+len(kind)+len(value))
	input = append(input, indexPurpose...)
	input = binary.AppendUvarint(input, uint64(len(kind)))
	input = append(append(input, kind...), value...)
	sum, err := k.indexes.ComputePrimaryPRF(input, blindIndexSize)
	if err != nil {
		return "", fmt.Errorf("blind index: %w", err)
	}
	return blindEncoding.EncodeToString(sum), nil
}

// BlindIndex is that of the vault's keyring.
func (v *Vault) BlindIndex(kind, value string) (string, error) {
	return v.keyring.BlindIndex(kind, value)
}

// keyringFile is a keyring as it is kept: two Tink keysets in cleartext.
type keyringFile struct {
	Format   int             `json:"kehu_keyring"`
	Wrapping json.RawMessage `json:"wrapping"`
	Indexing json.RawMessage `json:"indexing"`
}

const keyringFormat = 1

// ReadKeyring reads a keyring file. The error is a FailedPrecondition fault:
// KEYRING_MISSING or KEYRING_UNREADABLE.
func ReadKeyring(path string) (*Keyring, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.FailedPrecondition, "KEYRING_MISSING",
			"there is no keyring %s; restore it from its back-up, or make one with kehu keys create for a store that holds nothing yet", path)
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	var file keyringFile
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, unreadable(path, err)
	}
	if file.Format != keyringFormat {
		return nil, unreadable(path, fmt.Errorf("format %d, known is %d", file.Format, keyringFormat))
	}
	wrapping, err := readKeyset(file.Wrapping)
	if err != nil {
		return nil, unreadable(path, err)
	}
	indexing, err := readKeyset(file.Indexing)
	if err != nil {
		return nil, unreadable(path, err)
	}
	k, err := newKeyring(wrapping, indexing)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return k, nil
}

func unreadable(path string, cause error) error {
	return fault.New(fault.FailedPrecondition, "KEYRING_UNREADABLE", "the keyring %s cannot be read", path).Because(cause)
}

func readKeyset(content []byte) (*keyset.Handle, error) {
	return insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
}

func (k *Keyring) marshal() ([]byte, error) {
	file := keyringFile{Format: keyringFormat}
	for into, handle := range map[*json.RawMessage]*keyset.Handle{&file.Wrapping: k.wrapping, &file.Indexing: k.indexing} {
		var b bytes.Buffer
		if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&b)); err != nil {
			return nil, err
		}
		*into = b.Bytes()
	}
	return json.MarshalIndent(file, "", "  ")
}

// CreateKeyring makes a keyring and writes it to a new file that its owner alone
// may read. A file that is there already is left alone: fs.ErrExist.
func CreateKeyring(path string) (*Keyring, error) {
	k, err := NewKeyring()
	if err != nil {
		return nil, err
	}
	// A file that exists is whole: it is linked to its name when it is on disk.
	if err := k.write(path, os.Link); err != nil {
		return nil, fmt.Errorf("create keyring: %w", err)
	}
	return k, nil
}

// Write replaces a keyring file, whole or not at all.
func (k *Keyring) Write(path string) error {
	if err := k.write(path, os.Rename); err != nil {
		return fmt.Errorf("write keyring: %w", err)
	}
	return nil
}

// write puts the keyring on disk beside path, and then there by publish.
func (k *Keyring) write(path string, publish func(old, name string) error) error {
	content, err := k.marshal()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".keyring-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(append(content, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := publish(file.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}
