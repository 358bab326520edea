package store

import "github.com/kehuhq/kehu/services/profile/internal/domain"

// EncodeForTest is an order as it is stored.
func EncodeForTest(o *domain.Order) ([]byte, error) { return orderDoc(o).MarshalBSON() }

// ReadForTest reads what a purchase history needs of a stored order.
func ReadForTest(doc []byte) error { return new(Purchase).read(doc) }
