package domain

import "time"

// Details is what is known of a customer: all that a caller sets, and all that
// describes the person. A field is declared here and in the API's message, by
// the same name, and nowhere else: checking, comparing, learning, the history of
// changes, the columns of imports, storage and the API go over Fields. A tag
// `max` bounds the characters of a text or the size of a number, `items` a list.
// The names are those in the store, so that renaming one loses what is stored.
type Details struct {
	Kind        Kind         `json:"kind"`
	DisplayName string       `json:"display_name" max:"256"`
	Gender      Gender       `json:"gender"`
	BirthDate   BirthDate    `json:"birth_date"`
	Region      string       `json:"region" max:"128"`
	City        string       `json:"city" max:"128"`
	Country     Country      `json:"country"`
	Identifiers []Identifier `json:"identifiers" items:"64"` // normalised by Normalize

	Acquisition         Acquisition      `json:"acquisition"`
	AcquisitionChannel  string           `json:"acquisition_channel" max:"128"`
	AcquisitionCampaign string           `json:"acquisition_campaign" max:"128"`
	AcquisitionPrice    AcquisitionPrice `json:"acquisition_price"`

	Education       Education       `json:"education"`
	Occupation      string          `json:"occupation" max:"128"`
	MaritalStatus   MaritalStatus   `json:"marital_status"`
	HouseholdSize   int64           `json:"household_size" max:"1000"`
	Area            Area            `json:"area"`
	Mobility        Mobility        `json:"mobility"`
	PostalAddresses []PostalAddress `json:"postal_addresses" items:"16"`
	IncomeBand      string          `json:"income_band" max:"64"`
	AssetBand       string          `json:"asset_band" max:"64"`
	CreditGrade     string          `json:"credit_grade" max:"64"`

	Interests               []string `json:"interests" items:"100" max:"128"`
	Lifestyles              []string `json:"lifestyles" items:"100" max:"128"`
	Values                  []string `json:"values" items:"100" max:"128"`
	PersonalityTraits       []string `json:"personality_traits" items:"100" max:"128"`
	Beliefs                 []string `json:"beliefs" items:"100" max:"128" sensitive:"true"`
	PreferredBrands         []string `json:"preferred_brands" items:"100" max:"128"`
	PreferredChannels       []string `json:"preferred_channels" items:"100" max:"128"`
	PreferredPaymentMethods []string `json:"preferred_payment_methods" items:"100" max:"128"`

	SocialAccounts   []SocialAccount  `json:"social_accounts" items:"32"`
	PaymentSummaries []PaymentSummary `json:"payment_summaries" items:"64"`
	UsageSummaries   []UsageSummary   `json:"usage_summaries" items:"256"`
	OwnedProducts    []OwnedProduct   `json:"owned_products" items:"256"`

	// Attributes are the company's own, by the ids of their definitions.
	Attributes map[string]Value `json:"attributes" items:"200"`
}

// PostalAddress is where a customer lives, works, or has goods sent.
type PostalAddress struct {
	Label      string  `json:"label" max:"64"`
	Country    Country `json:"country"`
	Region     string  `json:"region" max:"128"`
	City       string  `json:"city" max:"128"`
	District   string  `json:"district" max:"128"`
	Line       string  `json:"line" max:"512"`
	PostalCode string  `json:"postal_code" max:"32"`
	Recipient  string  `json:"recipient" max:"256"`
	Phone      string  `json:"phone" max:"64"`  // as given: no identifier, and perhaps masked
	Email      string  `json:"email" max:"320"` // likewise
}

// SocialAccount is an account on social media; Followers is its reach.
type SocialAccount struct {
	Platform  string `json:"platform" max:"64" required:"true"`
	Handle    string `json:"handle" max:"128"`
	Followers int64  `json:"followers"`
}

// PaymentSummary is how a customer has paid in one way, as another system sums it up.
type PaymentSummary struct {
	PaymentMethod   string    `json:"payment_method" max:"128" required:"true"`
	Payments        int64     `json:"payments"`
	LatePayments    int64     `json:"late_payments"`
	Total           Money     `json:"total"`
	LastPaymentTime time.Time `json:"last_payment_time"`
}

// UsageSummary is how a customer uses a product, as another system sums it up.
type UsageSummary struct {
	Product      string    `json:"product" max:"128" required:"true"`
	Quantity     float64   `json:"quantity"` // in Unit
	Unit         string    `json:"unit" max:"32"`
	UsesPerMonth float64   `json:"uses_per_month"`
	LastUseTime  time.Time `json:"last_use_time"`
}

// OwnedProduct is a product that a customer has.
type OwnedProduct struct {
	ProductID string `json:"product_id" max:"128" required:"true"`
	Name      string `json:"name" max:"256"`
	Quantity  int64  `json:"quantity"` // 0 is not stated
	Since     Date   `json:"since"`
	Until     Date   `json:"until"`
}
