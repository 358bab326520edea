package store

import (
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// A prediction is a sub-document. A figure is a double, an amount an int64; where
// there is none, the reason stands in its place as an int32.

// appendPrediction adds what predictions are made from, and the prediction.
func appendPrediction(b []byte, v *domain.Valuation) ([]byte, error) {
	b = bsoncore.AppendInt64Element(b, "age_days", v.AgeDays)
	b = bsoncore.AppendInt64Element(b, "repeat_days", v.RepeatDays)
	b = bsoncore.AppendInt64Element(b, "repeat_revenue", v.RepeatRevenue)
	p := &v.Prediction
	if !p.Made {
		return b, nil
	}
	start, b := bsoncore.AppendDocumentElementStart(b, "prediction")
	b = appendFigure(b, "alive", p.Alive)
	b = appendFigure(b, "churn", p.Churn)
	if p.ChurnKnown {
		b = bsoncore.AppendBooleanElement(b, "churned", p.Churned)
	}
	b = appendFigure(b, "orders", p.Orders)
	b = appendFigure(b, "next", p.NextDays)
	b = appendFigure(b, "overdue", p.Overdue)
	b = appendAmount(b, "value", p.OrderValue)
	b = appendAmount(b, "residual", p.Residual)
	b = appendAmount(b, "if_alive", p.IfAlive)
	b = appendAmount(b, "at_risk", p.AtRisk)
	return bsoncore.AppendDocumentEnd(b, start)
}

func appendFigure(b []byte, key string, f domain.Figure) []byte {
	if !f.Known() {
		return bsoncore.AppendInt32Element(b, key, int32(f.Why))
	}
	return bsoncore.AppendDoubleElement(b, key, f.Value)
}

func appendAmount(b []byte, key string, a domain.Amount) []byte {
	if !a.Known() {
		return bsoncore.AppendInt32Element(b, key, int32(a.Why))
	}
	return bsoncore.AppendInt64Element(b, key, a.Minor)
}

// readPredicted reads a field that predictions have brought, and passes over
// those of later versions.
func readPredicted(key []byte, value bsoncore.Value, into *domain.Valuation) (ok bool) {
	switch string(key) {
	case "age_days":
		into.AgeDays, ok = value.Int64OK()
	case "repeat_days":
		into.RepeatDays, ok = value.Int64OK()
	case "repeat_revenue":
		into.RepeatRevenue, ok = value.Int64OK()
	case "prediction":
		p := &into.Prediction
		p.Made = true
		ok = value.Type == bsoncore.TypeEmbeddedDocument && readElements(bson.Raw(value.Data), func(key []byte, value bsoncore.Value) bool {
			return readPrediction(key, value, p)
		}) == nil
	default:
		return true
	}
	return ok
}

func readPrediction(key []byte, value bsoncore.Value, p *domain.Prediction) (ok bool) {
	switch string(key) {
	case "alive":
		p.Alive, ok = figure(value)
	case "churn":
		p.Churn, ok = figure(value)
	case "churned":
		p.Churned, ok = value.BooleanOK()
		p.ChurnKnown = ok
	case "orders":
		p.Orders, ok = figure(value)
	case "next":
		p.NextDays, ok = figure(value)
	case "overdue":
		p.Overdue, ok = figure(value)
	case "value":
		p.OrderValue, ok = amount(value)
	case "residual":
		p.Residual, ok = amount(value)
	case "if_alive":
		p.IfAlive, ok = amount(value)
	case "at_risk":
		p.AtRisk, ok = amount(value)
	default:
		return true
	}
	return ok
}

func figure(value bsoncore.Value) (domain.Figure, bool) {
	if v, ok := value.DoubleOK(); ok {
		return domain.Figure{Value: v}, true
	}
	why, ok := value.Int32OK()
	return domain.Untold(domain.Absence(why)), ok
}

func amount(value bsoncore.Value) (domain.Amount, bool) {
	if v, ok := value.Int64OK(); ok {
		return domain.Amount{Minor: v}, true
	}
	why, ok := value.Int32OK()
	return domain.Amount{Why: domain.Absence(why)}, ok
}
