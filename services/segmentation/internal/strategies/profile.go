package strategies

import (
	"context"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// Profile asks the profile service for consents and styles.
type Profile struct {
	Consents profilev1.ConsentServiceClient
	Styles   profilev1.StyleServiceClient
}

// Allowed tells whether customers allow a purpose, in the order asked for.
func (p Profile) Allowed(ctx context.Context, purpose string, customers []string) ([]bool, error) {
	names := make([]string, len(customers))
	for i, c := range customers {
		names[i] = "customers/" + c
	}
	answer, err := p.Consents.BatchCheckConsents(ctx, &profilev1.BatchCheckConsentsRequest{Purpose: "purposes/" + purpose, Customers: names})
	if err != nil {
		return nil, err
	}
	allowed := make([]bool, len(customers)) // what is not answered is not allowed
	copy(allowed, answer.GetAllowed())
	return allowed, nil
}

var styles = map[profilev1.CustomerStyle]Style{
	profilev1.CustomerStyle_CUSTOMER_STYLE_DOMINANT:   Dominant,
	profilev1.CustomerStyle_CUSTOMER_STYLE_ANALYTICAL: Analytical,
	profilev1.CustomerStyle_CUSTOMER_STYLE_SOCIAL:     Social,
}

// Style is the behaviour style of a customer.
func (p Profile) Style(ctx context.Context, customer string) (StyleFound, error) {
	found, err := p.Styles.GetBehaviorStyle(ctx, &profilev1.GetBehaviorStyleRequest{Name: "customers/" + customer + "/behaviorStyle"})
	if err != nil {
		return StyleFound{}, err
	}
	style, known := styles[found.GetStyle()]
	if !known {
		style = UnknownStyle
	}
	return StyleFound{style, found.GetConfidence(), Text{En: found.GetAdvice().GetEn(), Zh: found.GetAdvice().GetZh()}}, nil
}
