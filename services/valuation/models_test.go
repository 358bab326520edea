package valuation_test

import (
	"math"
	"slices"
	"testing"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/refdata"
)

// fit fits models and waits for them.
func (c *client) fit(r *valuationv1.FitModelsRequest) map[valuationv1.ModelKind]*valuationv1.Model {
	c.Helper()
	op, err := c.models.FitModels(c.Context(), r)
	if err != nil {
		c.Fatal(err)
	}
	return c.fitted(c.await(op.GetName()))
}

func (c *client) fitted(op *longrunningpb.Operation) map[valuationv1.ModelKind]*valuationv1.Model {
	c.Helper()
	if e := op.GetError(); e != nil {
		c.Fatalf("the fit failed: %v", e)
	}
	answer := new(valuationv1.FitModelsResponse)
	if err := op.GetResponse().UnmarshalTo(answer); err != nil {
		c.Fatal(err)
	}
	byKind := map[valuationv1.ModelKind]*valuationv1.Model{}
	for _, m := range answer.GetModels() {
		byKind[m.GetKind()] = m
	}
	return byKind
}

// heldOut is what independent tools found of one model.
type heldOut struct {
	Fit struct {
		Params []float64 `json:"params"`
		LL     float64   `json:"ll"`
		SE     []float64 `json:"se"`
	} `json:"fit"`
	Predicted float64 `json:"pred_total"`
	MAE       float64 `json:"mae"`
	RMSE      float64 `json:"rmse"`
	Spearman  float64 `json:"spearman"`
}

func nearTo(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s is %.8g, want %.8g within %g", what, got, want, relative)
	}
}

// TestModelsOfCDNOW fits all models to the CDNOW sample and holds them against
// the half that was held out, and the regression with them.
func TestModelsOfCDNOW(t *testing.T) {
	var reference struct {
		Actual    float64 `json:"actual_total"`
		Weeks     float64 `json:"weeks"`
		N         int64   `json:"n"`
		BG        heldOut `json:"bgnbd"`
		MBG       heldOut `json:"mbgnbd"`
		Pareto    heldOut `json:"pnbd"`
		TopDecile float64 `json:"bg_top_decile_share_of_holdout"`
	}
	refdata.JSON(t, "reference/cdnow_holdout.json", &reference)
	c := serve(t, openPebble(t), serveShop(t, cdnow(t)), frozen)
	got := c.fit(&valuationv1.FitModelsRequest{CalibrationEndDate: "1997-09-30", HoldoutEndDate: "1998-06-30"})
	for kind, want := range map[valuationv1.ModelKind]heldOut{
		valuationv1.ModelKind_MODEL_KIND_BG_NBD: reference.BG, valuationv1.ModelKind_MODEL_KIND_MBG_NBD: reference.MBG,
		valuationv1.ModelKind_MODEL_KIND_PARETO_NBD: reference.Pareto,
	} {
		m, h := got[kind], got[kind].GetHoldout()
		if !m.GetConverged() || m.GetData().GetCustomers() != reference.N || float64(h.GetDays()) != 7*reference.Weeks {
			t.Fatalf("%s: %v", kind, m)
		}
		if math.Abs(m.GetLogLikelihood()-want.Fit.LL) > 1e-3 || m.GetGradient() >= 1e-6 {
			t.Errorf("%s: log-likelihood %.6f, gradient %g; want %.6f", kind, m.GetLogLikelihood(), m.GetGradient(), want.Fit.LL)
		}
		for i, p := range m.GetParameters() {
			tolerance := 1e-3
			if kind == valuationv1.ModelKind_MODEL_KIND_PARETO_NBD && i > 1 {
				tolerance = 3e-3
			}
			nearTo(t, kind.String()+" "+p.GetName(), p.GetValue(), want.Fit.Params[i], tolerance)
			nearTo(t, kind.String()+" error of "+p.GetName(), p.GetStandardError(), want.Fit.SE[i], 0.02)
		}
		if h.GetActual() != reference.Actual {
			t.Errorf("%s: %g orders in the hold-out, want %g", kind, h.GetActual(), reference.Actual)
		}
		nearTo(t, kind.String()+" predicted", h.GetPredicted(), want.Predicted, 2e-3)
		nearTo(t, kind.String()+" mean absolute error", h.GetMeanAbsoluteError(), want.MAE, 2e-3)
		nearTo(t, kind.String()+" root mean squared error", h.GetRootMeanSquaredError(), want.RMSE, 2e-3)
		nearTo(t, kind.String()+" rank correlation", h.GetSpearman(), want.Spearman, 2e-3)
	}
	nearTo(t, "share of the top tenth", got[valuationv1.ModelKind_MODEL_KIND_BG_NBD].GetHoldout().GetTopDecileShare(), reference.TopDecile, 5e-3)
	wantBaselineBeaten(t, got)
	wantDiagnosis(t, c, got[valuationv1.ModelKind_MODEL_KIND_MBG_NBD])
}

// wantBaselineBeaten says how the regression did. The record says of each model
// whether it did better.
func wantBaselineBeaten(t *testing.T, got map[valuationv1.ModelKind]*valuationv1.Model) {
	t.Helper()
	base := got[valuationv1.ModelKind_MODEL_KIND_POISSON_REGRESSION]
	if base == nil || !base.GetConverged() {
		t.Fatalf("the baseline is %v", base)
	}
	t.Logf("regression: predicted %.0f, MAE %.4f, RMSE %.4f, Spearman %.4f", base.GetHoldout().GetPredicted(),
		base.GetHoldout().GetMeanAbsoluteError(), base.GetHoldout().GetRootMeanSquaredError(), base.GetHoldout().GetSpearman())
	for _, kind := range []valuationv1.ModelKind{
		valuationv1.ModelKind_MODEL_KIND_BG_NBD, valuationv1.ModelKind_MODEL_KIND_MBG_NBD, valuationv1.ModelKind_MODEL_KIND_PARETO_NBD,
	} {
		h := got[kind].GetHoldout()
		t.Logf("%s: predicted %.0f, MAE %.4f, RMSE %.4f, Spearman %.4f", kind, h.GetPredicted(), h.GetMeanAbsoluteError(), h.GetRootMeanSquaredError(), h.GetSpearman())
		if !h.GetBeatsBaselineMae() || !h.GetBeatsBaselineRmse() || h.GetBaseline() != base.GetName() {
			t.Errorf("%s does not beat the regression: %v against %v", kind, h, base.GetHoldout())
		}
	}
}

func wantDiagnosis(t *testing.T, c *client, m *valuationv1.Model) {
	t.Helper()
	d, err := c.models.DiagnoseModel(t.Context(), &valuationv1.DiagnoseModelRequest{Name: m.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	var customers int64
	var actual, predicted float64
	for _, class := range d.GetClasses() {
		customers += class.GetCustomers()
		actual += float64(class.GetCustomers()) * class.GetActual()
		predicted += float64(class.GetCustomers()) * class.GetPredicted()
	}
	h := m.GetHoldout()
	if len(d.GetClasses()) != 8 || customers != m.GetData().GetCustomers() || math.Abs(actual-h.GetActual()) > 1e-6 || math.Abs(predicted-h.GetPredicted()) > 1e-6 {
		t.Errorf("classes %v do not add up to %v", d.GetClasses(), h)
	}
	last := d.GetTracking()[len(d.GetTracking())-1]
	if len(d.GetTracking()) != 78 || !last.GetHoldout() || last.GetActual() < 4300 || math.Abs(last.GetPredicted()/last.GetActual()-1) > 0.15 {
		t.Errorf("tracking of %d weeks ends with %v", len(d.GetTracking()), last)
	}
	if len(d.GetReadings()) < 3 || d.GetReadings()[0].GetZh() == "" || d.GetBaseline() == nil {
		t.Errorf("readings %v", d.GetReadings())
	}
}

// TestSpendOfCDNOW compares the model of spend with independent tools.
func TestSpendOfCDNOW(t *testing.T) {
	var reference struct {
		GG struct {
			Params []float64 `json:"params"`
			LL     float64   `json:"ll"`
			SE     []float64 `json:"se"`
			N      int64     `json:"n"`
		} `json:"gg"`
	}
	refdata.JSON(t, "reference/cdnow_models.json", &reference)
	c := serve(t, openPebble(t), serveShop(t, cdnow(t)), frozen)
	got := c.fit(&valuationv1.FitModelsRequest{
		CalibrationEndDate: "1997-09-30", Kinds: []valuationv1.ModelKind{valuationv1.ModelKind_MODEL_KIND_GAMMA_GAMMA},
	})
	m := got[valuationv1.ModelKind_MODEL_KIND_GAMMA_GAMMA]
	if len(got) != 1 || m.GetData().GetCustomers() != reference.GG.N || m.GetData().GetCurrencyCode() != "USD" {
		t.Fatalf("got %v", got)
	}
	for i, p := range m.GetParameters() {
		nearTo(t, p.GetName(), p.GetValue(), reference.GG.Params[i], 1e-3)
		nearTo(t, "error of "+p.GetName(), p.GetStandardError(), reference.GG.SE[i], 0.02)
	}
	// The reference is of means rounded to cents; of the same means pkg/btyd agrees to 1e-3.
	if math.Abs(m.GetLogLikelihood()-reference.GG.LL) > 1e-2 {
		t.Errorf("log-likelihood %g, want %g", m.GetLogLikelihood(), reference.GG.LL)
	}
}

// TestModelsAreRecords: promoted, retired, listed and deleted, on both engines.
func TestModelsAreRecords(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			c := serve(t, engine.open(t), serveShop(t, town(t, 1, 300)), frozen)
			first := c.fit(&valuationv1.FitModelsRequest{CalibrationEndDate: townEnd})
			bg, mbg := first[valuationv1.ModelKind_MODEL_KIND_BG_NBD], first[valuationv1.ModelKind_MODEL_KIND_MBG_NBD]
			if bg.GetState() != valuationv1.ModelState_MODEL_STATE_CHALLENGER || bg.GetHoldout() != nil || len(first) != 4 {
				t.Fatalf("fitted %v", first)
			}
			_, err := c.models.PromoteModel(t.Context(), &valuationv1.PromoteModelRequest{Name: bg.GetName(), Role: valuationv1.ModelRole_MODEL_ROLE_CHURN})
			wantError(t, err, codes.FailedPrecondition, "CHURN_NEEDS_DROPOUT", "")
			_, err = c.models.PromoteModel(t.Context(), &valuationv1.PromoteModelRequest{Name: mbg.GetName(), Etag: `"99"`})
			wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
			champion := c.promote(mbg)
			if !slices.Equal(champion.GetChampionOf(), []valuationv1.ModelRole{valuationv1.ModelRole_MODEL_ROLE_PURCHASES, valuationv1.ModelRole_MODEL_ROLE_CHURN}) {
				t.Fatalf("champion %v", champion)
			}
			_, err = c.models.DeleteModel(t.Context(), &valuationv1.DeleteModelRequest{Name: mbg.GetName()})
			wantError(t, err, codes.FailedPrecondition, "MODEL_IS_CHAMPION", "")

			pareto := c.promote(first[valuationv1.ModelKind_MODEL_KIND_PARETO_NBD])
			if pareto.GetState() != valuationv1.ModelState_MODEL_STATE_CHAMPION || c.model(mbg).GetState() != valuationv1.ModelState_MODEL_STATE_RETIRED {
				t.Errorf("%v, and before it %v", pareto, c.model(mbg))
			}
			if _, err = c.models.DeleteModel(t.Context(), &valuationv1.DeleteModelRequest{Name: mbg.GetName()}); err != nil {
				t.Error(err)
			}
			_, err = c.models.GetModel(t.Context(), &valuationv1.GetModelRequest{Name: mbg.GetName()})
			wantError(t, err, codes.NotFound, "MODEL_NOT_FOUND", "")
			if all := c.listModels(&valuationv1.ListModelsRequest{PageSize: 1}); len(all) != 3 {
				t.Errorf("%d are listed, want 3", len(all))
			}
			if all := c.listModels(&valuationv1.ListModelsRequest{Kind: valuationv1.ModelKind_MODEL_KIND_BG_NBD}); len(all) != 1 || all[0] != bg.GetName() {
				t.Errorf("of BG/NBD %q are listed", all)
			}
			if all := c.listModels(&valuationv1.ListModelsRequest{ChampionsOnly: true}); !slices.Equal(all, []string{pareto.GetName()}) {
				t.Errorf("the champions are %q", all)
			}
		})
	}
}

func (c *client) promote(m *valuationv1.Model) *valuationv1.Model {
	c.Helper()
	p, err := c.models.PromoteModel(c.Context(), &valuationv1.PromoteModelRequest{Name: m.GetName(), Etag: m.GetEtag()})
	if err != nil {
		c.Fatal(err)
	}
	return p
}

func (c *client) model(m *valuationv1.Model) *valuationv1.Model {
	c.Helper()
	got, err := c.models.GetModel(c.Context(), &valuationv1.GetModelRequest{Name: m.GetName()})
	if err != nil {
		c.Fatal(err)
	}
	return got
}

func (c *client) listModels(r *valuationv1.ListModelsRequest) (names []string) {
	c.Helper()
	for {
		answer, err := c.models.ListModels(c.Context(), r)
		if err != nil {
			c.Fatal(err)
		}
		for _, m := range answer.GetModels() {
			names = append(names, m.GetName())
		}
		if r.PageToken = answer.GetNextPageToken(); r.PageToken == "" {
			return names
		}
	}
}

// TestDataThatSupportNoModel: the record says so, and others go on.
func TestDataThatSupportNoModel(t *testing.T) {
	s := newShop()
	for i := range 40 {
		s.buy(string(rune('a'+i%26))+string(rune('a'+i/26)), today.AddDate(0, 0, -i-30), 1000, "CNY", 600)
	}
	c := serve(t, openPebble(t), serveShop(t, s), frozen)
	for kind, m := range c.fit(&valuationv1.FitModelsRequest{CalibrationEndDate: "2026-02-20", HoldoutEndDate: "2026-02-28"}) {
		if m.GetState() != valuationv1.ModelState_MODEL_STATE_FAILED || m.GetFailure().GetReason() == "" || len(m.GetParameters()) != 0 {
			t.Errorf("%s of customers who ordered once: %v", kind, m)
		}
		_, err := c.models.PromoteModel(t.Context(), &valuationv1.PromoteModelRequest{Name: m.GetName()})
		wantError(t, err, codes.FailedPrecondition, "MODEL_FAILED", "")
	}
	summary := c.refresh(policy("2026-02-28"))
	if p := summary.GetPredictions(); len(p.GetPolicy().GetModels()) != 0 || len(p.GetWarnings()) == 0 {
		t.Errorf("predictions without a model: %v", p)
	}
	if all := c.listModels(&valuationv1.ListModelsRequest{ChampionsOnly: true}); len(all) != 0 {
		t.Errorf("champions are %q", all)
	}
}

func TestBadFits(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, newShop()), frozen)
	for name, test := range map[string]struct {
		request *valuationv1.FitModelsRequest
		field   string
	}{
		"no date":          {&valuationv1.FitModelsRequest{CalibrationEndDate: "2025-02-30"}, "calibration_end_date"},
		"the future":       {&valuationv1.FitModelsRequest{CalibrationEndDate: "2027-01-01"}, "calibration_end_date"},
		"hold-out before":  {&valuationv1.FitModelsRequest{CalibrationEndDate: "2025-02-20", HoldoutEndDate: "2025-02-20"}, "holdout_end_date"},
		"no zone":          {&valuationv1.FitModelsRequest{CalibrationEndDate: "2025-02-20", TimeZone: "Mars/Phobos"}, "time_zone"},
		"no currency":      {&valuationv1.FitModelsRequest{CalibrationEndDate: "2025-02-20", CurrencyCode: "QQQ"}, "currency_code"},
		"hold-out no date": {&valuationv1.FitModelsRequest{CalibrationEndDate: "2025-02-20", HoldoutEndDate: "2025-13-01"}, "holdout_end_date"},
	} {
		_, err := c.models.FitModels(t.Context(), test.request)
		if code, why, field := reason(err); code != codes.InvalidArgument || why != "INVALID_FIELD" || field != test.field {
			t.Errorf("%s: %v (%s, %s), want field %s", name, err, why, field, test.field)
		}
	}
	op, err := c.models.FitModels(t.Context(), &valuationv1.FitModelsRequest{CalibrationEndDate: "2025-02-20", ValidateOnly: true})
	if err != nil || !op.GetDone() || len(c.listModels(&valuationv1.ListModelsRequest{})) != 0 {
		t.Errorf("validated only: %v, %v", op, err)
	}
}
