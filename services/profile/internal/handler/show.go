package handler

import (
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// CustomerProto is a customer as the API shows it.
func CustomerProto(c *domain.Customer) *profilev1.Customer { return customerProto(c) }
