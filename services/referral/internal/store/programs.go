package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

type programDoc struct {
	docstore.Meta   `bson:",inline"`
	DisplayName     string     `bson:"display_name,omitempty"`
	Goal            string     `bson:"goal,omitempty"`
	AdvocatePoints  int64      `bson:"advocate_points"`
	RefereePoints   int64      `bson:"referee_points"`
	AttributionDays int32      `bson:"attribution_days"`
	BudgetPoints    int64      `bson:"budget_points"`
	SpentPoints     int64      `bson:"spent_points"`
	State           string     `bson:"state"`
	Holds           []holdDoc  `bson:"holds,omitempty"`
	Secret          []byte     `bson:"secret"`
	Request         requestDoc `bson:"request,omitempty"`
	CreateTime      time.Time  `bson:"create_time"`
}

type holdDoc struct {
	Referral string `bson:"referral"`
	Points   int64  `bson:"points"`
}

type requestDoc struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

var programs = Records[programDoc, domain.Program]{
	none: notFound("PROGRAM_NOT_FOUND", "programme"),
	read: func(d *programDoc) *domain.Program {
		return &domain.Program{
			ID: docstore.ParseID(d.ID)[0], DisplayName: d.DisplayName, Goal: d.Goal,
			AdvocatePoints: d.AdvocatePoints, RefereePoints: d.RefereePoints, AttributionDays: d.AttributionDays,
			BudgetPoints: d.BudgetPoints, SpentPoints: d.SpentPoints, State: domain.ProgramState(d.State),
			Holds:  each(d.Holds, func(h holdDoc) domain.Hold { return domain.Hold(h) }),
			Secret: d.Secret, Request: domain.RequestKey(d.Request),
			CreateTime: d.CreateTime, UpdateTime: d.UpdatedAt, Version: d.Version,
		}
	},
	write: func(p *domain.Program, d *programDoc) {
		*d = programDoc{
			Meta: d.Meta, DisplayName: p.DisplayName, Goal: p.Goal,
			AdvocatePoints: p.AdvocatePoints, RefereePoints: p.RefereePoints, AttributionDays: p.AttributionDays,
			BudgetPoints: p.BudgetPoints, SpentPoints: p.SpentPoints, State: string(p.State),
			Holds:  each(p.Holds, func(h domain.Hold) holdDoc { return holdDoc(h) }),
			Secret: p.Secret, Request: requestDoc(p.Request), CreateTime: p.CreateTime,
		}
		d.ID = Key(p.ID)
	},
}
