package facts

import "go.mongodb.org/mongo-driver/v2/bson"

func (d *decoder) customer(e element) (err error) {
	c := &d.facts.Customer
	switch string(e.name) {
	case "kind":
		c.Kind = d.text(e.value)
	case "gender":
		c.Gender = d.text(e.value)
	case "country":
		c.Country = d.text(e.value)
	case "region":
		c.Region = d.text(e.value)
	case "city":
		c.City = d.text(e.value)
	case "area":
		c.Area = d.text(e.value)
	case "acquisition":
		c.Acquisition = d.text(e.value)
	case "birth_date":
		c.BirthDate = e.date()
	case "education":
		c.Education = d.text(e.value)
	case "occupation":
		c.Occupation = d.text(e.value)
	case "marital_status":
		c.MaritalStatus = d.text(e.value)
	case "household_size":
		c.HouseholdSize = e.int()
	case "income_band":
		c.IncomeBand = d.text(e.value)
	case "interests":
		c.Interests, err = d.list(c.Interests, e)
	case "lifestyles":
		c.Lifestyles, err = d.list(c.Lifestyles, e)
	case "brands":
		c.Brands, err = d.list(c.Brands, e)
	case "channels":
		c.Channels, err = d.list(c.Channels, e)
	case "stage":
		c.Stage = d.text(e.value)
	case "stage_time":
		c.StageTime = e.time()
	case "create_time":
		c.CreateTime = e.time()
	case "last_seen_time":
		c.LastSeenTime = e.time()
	case "last_view_time":
		c.LastViewTime = e.time()
	case "last_search_time":
		c.LastSearchTime = e.time()
	case "last_cart_time":
		c.LastCartTime = e.time()
	case "attributes":
		if d.attributes == nil {
			d.attributes = make(map[string]any)
		}
		c.Attributes, err = d.attributes, each(e.value, d.attribute)
	}
	return err
}

func (d *decoder) attribute(e element) error {
	name := d.text(e.name)
	switch e.kind {
	case bson.TypeString:
		d.attributes[name] = d.text(e.value)
	case bson.TypeInt64:
		d.attributes[name] = e.int()
	case bson.TypeInt32:
		d.attributes[name] = e.date()
	case bson.TypeDouble:
		d.attributes[name] = e.float()
	case bson.TypeBoolean:
		d.attributes[name] = e.bool()
	case bson.TypeDateTime:
		d.attributes[name] = e.time()
	case bson.TypeArray:
		list, err := d.list(nil, e)
		if err != nil {
			return err
		}
		d.attributes[name] = list
	}
	return nil
}
