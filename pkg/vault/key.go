package vault

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

const (
	dataKeySize  = 32
	sealFormat   = 1
	tellSize     = 4
	headSize     = 1 + tellSize
	wrappedSize  = tinkPrefix + 12 + dataKeySize + 16 // nonce and tag of AES-GCM
	wrapPurpose  = "kehu data key of "                // what a wrapped key is bound to, with its subject
	indexPurpose = "kehu blind index"
)

// keyDoc is a subject's data key as it is stored, under the subject's escaped id.
type keyDoc struct {
	docstore.Meta `bson:",inline"`
	Wrapped       []byte    `bson:"wrapped"` // by the master key, for this subject
	CreatedAt     time.Time `bson:"created_at"`
}

// key is a data key ready for use.
type key struct {
	cipher tink.AEAD
	tell   [tellSize]byte // of the key's hash: tells the key of a subject from one before it
}

func newKey(data []byte) (*key, error) {
	cipher, err := subtle.NewAESGCM(data)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	return &key{cipher, [tellSize]byte(sum[:tellSize])}, nil
}

func (k *key) seal(b Box) ([]byte, error) {
	sealed, err := k.cipher.Encrypt(b.Content, b.binding())
	if err != nil {
		return nil, err
	}
	return append(append([]byte{sealFormat}, k.tell[:]...), sealed...), nil
}

func (k *key) open(b Box) ([]byte, error) {
	if len(b.Content) < headSize || b.Content[0] != sealFormat {
		return nil, errBroken(errors.New("not a sealed field"))
	}
	if !k.sealed(b.Content) {
		return nil, ErrDestroyed
	}
	content, err := k.cipher.Decrypt(b.Content[headSize:], b.binding())
	if err != nil {
		return nil, errBroken(err)
	}
	return content, nil
}

// sealed reports whether a content claims to be sealed under the key.
func (k *key) sealed(content []byte) bool {
	return len(content) >= headSize && [tellSize]byte(content[1:headSize]) == k.tell
}

// binding is the associated data of a box: no two of them have the same.
func (b Box) binding() []byte {
	data := make([]byte, 0, binary.MaxVarintLen32+len(b.Subject)+len(b.Place))
	data = binary.AppendUvarint(data, uint64(len(b.Subject)))
	return append(append(data, b.Subject...), b.Place...)
}

func errBroken(cause error) error {
	return fault.New(fault.Internal, "SEAL_BROKEN", "a sealed field cannot be opened where it is").Because(cause)
}

// wrap makes a new data key for a document of the store and wraps it.
func (v *Vault) wrap(id string) (wrapped []byte, k *key, err error) {
	data := make([]byte, dataKeySize)
	_, _ = rand.Read(data) // documented never to fail
	if k, err = newKey(data); err != nil {
		return nil, nil, err
	}
	wrapped, err = v.keyring.masters.Encrypt(data, []byte(wrapPurpose+id))
	return wrapped, k, err
}

func (v *Vault) unwrap(id string, wrapped []byte) (*key, error) {
	data, err := v.keyring.masters.Decrypt(wrapped, []byte(wrapPurpose+id))
	if err != nil {
		return nil, fault.New(fault.Internal, "KEY_UNREADABLE", "a data key cannot be unwrapped with this keyring").Because(err)
	}
	return newKey(data)
}
