package models

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

func message(m *model, titles []title) *valuationv1.Model {
	p := &valuationv1.Model{
		Name: "models/" + m.ID, Kind: valuationv1.ModelKind(m.Kind), State: valuationv1.ModelState_MODEL_STATE_CHALLENGER,
		Data:          m.Data.message(),
		LogLikelihood: m.LogLikelihood, Gradient: m.Gradient, Iterations: m.Iterations, Converged: m.Converged,
		Operation: m.Operation, CreateTime: timestamppb.New(m.CreatedAt), PromoteTime: instant(m.PromotedAt), Etag: etag.Of(m.Version),
		Holdout: m.holdoutScores(),
	}
	held := titlesOf(titles, m.ID)
	switch {
	case len(held) > 0:
		p.State = valuationv1.ModelState_MODEL_STATE_CHAMPION
	case m.Failure != nil:
		p.State = valuationv1.ModelState_MODEL_STATE_FAILED
		p.Failure = warning(*m.Failure)
	case !m.PromotedAt.IsZero():
		p.State = valuationv1.ModelState_MODEL_STATE_RETIRED
	}
	for _, t := range held {
		p.ChampionOf = append(p.ChampionOf, valuationv1.ModelRole(t.Role))
	}
	for _, w := range m.Warnings {
		p.Warnings = append(p.Warnings, warning(w))
	}
	for _, own := range m.Parameters {
		p.Parameters = append(p.Parameters, &valuationv1.ModelParameter{
			Name: own.Name, Value: own.Value, StandardError: own.Error, Lower: own.Lower, Upper: own.Upper, Level: own.Level, Method: own.Interval,
		})
	}
	return p
}

func (d data) message() *valuationv1.ModelData {
	return &valuationv1.ModelData{
		CalibrationStartDate: d.Start, CalibrationEndDate: d.CalibrationEnd, HoldoutEndDate: d.HoldoutEnd, TimeZone: d.Zone,
		UnitDays: d.UnitDays, CurrencyCode: d.Currency, Customers: d.Customers, RepeatBuyers: d.RepeatBuyers,
		ExcludedWithoutConsent: d.WithoutConsent, ExcludedWithoutSpend: d.WithoutSpending,
	}
}

func warning(w domain.Warning) *apiv1.Warning {
	return &apiv1.Warning{Reason: w.Reason, Message: w.Message}
}

func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func (s *scores) message() *valuationv1.HoldoutScores {
	if s == nil {
		return nil
	}
	return &valuationv1.HoldoutScores{
		Actual: s.Actual, Predicted: s.Predicted, MeanAbsoluteError: s.MAE, RootMeanSquaredError: s.RMSE,
		Spearman: s.Spearman, TopDecileShare: s.TopDecile, Days: s.Days,
	}
}

func (m *model) holdoutScores() *valuationv1.HoldoutScores {
	h := m.Holdout
	if h == nil {
		return nil
	}
	p := h.Scores.message()
	if base := h.BaselineScores; base != nil {
		mae, rmse := h.Scores.MAE < base.MAE, h.Scores.RMSE < base.RMSE
		p.BeatsBaselineMae, p.BeatsBaselineRmse, p.Baseline = &mae, &rmse, "models/"+h.Baseline
	}
	return p
}

func diagnosis(m *model, titles []title) *valuationv1.ModelDiagnosis {
	d := &valuationv1.ModelDiagnosis{Model: message(m, titles), Readings: m.readings()}
	h := m.Holdout
	if h == nil {
		return d
	}
	d.Baseline = h.BaselineScores.message()
	for _, c := range h.Classes {
		d.Classes = append(d.Classes, &valuationv1.FrequencyClass{
			RepeatOrders: c.Repeats, OrMore: c.OrMore, Customers: c.Customers, Actual: c.Actual, Predicted: c.Predicted,
		})
	}
	for _, t := range h.Tracking {
		d.Tracking = append(d.Tracking, &valuationv1.TrackedPeriod{EndDate: t.End, Holdout: t.Holdout, Actual: t.Actual, Predicted: t.Predicted})
	}
	return d
}

// readings say in words how a model did.
func (m *model) readings() []*valuationv1.Reading {
	if m.Failure != nil {
		return []*valuationv1.Reading{{
			Reason: m.Failure.Reason,
			En:     "The data cannot support this model: " + m.Failure.Message,
			Zh:     "数据不足以支持该模型：" + m.Failure.Message,
		}}
	}
	var said []*valuationv1.Reading
	say := func(reason, en, zh string) {
		said = append(said, &valuationv1.Reading{Reason: reason, En: en, Zh: zh})
	}
	if !m.Converged {
		say("NOT_CONVERGED", "The search has not converged: the parameters must not be used.", "优化未收敛，参数不可使用。")
	}
	if m.Holdout == nil {
		say("NO_HOLDOUT", "Nothing was held out: how well it predicts is not known. Fit again with holdout_end_date.",
			"未留出验证期，预测效果未知；请设置 holdout_end_date 重新拟合。")
		return said
	}
	s := m.Holdout.Scores
	if s.Actual > 0 {
		off := s.Predicted/s.Actual - 1
		reason := "TOTAL_CLOSE"
		if math.Abs(off) > 0.15 {
			reason = "TOTAL_OFF"
		}
		say(reason, fmt.Sprintf("In the %d days held out it expected %.0f orders where there were %.0f: %+.0f %%. Within 15 %% is usual; a campaign or a season in the hold-out explains more.", s.Days, s.Predicted, s.Actual, 100*off),
			fmt.Sprintf("在留出的 %d 天中，预测 %.0f 笔，实际 %.0f 笔，偏差 %+.0f%%。15%% 以内属正常；更大偏差可能源于促销或季节。", s.Days, s.Predicted, s.Actual, 100*off))
	}
	say("ORDER_OF_CUSTOMERS", fmt.Sprintf("Spearman's correlation with what customers did is %.2f, and the tenth expected to order most made %.0f %% of the orders: that is what targeting can go by.", s.Spearman, 100*s.TopDecile),
		fmt.Sprintf("与实际购买的 Spearman 相关系数为 %.2f；预测最高的 10%% 客户贡献了 %.0f%% 的订单，可据此选择目标客户。", s.Spearman, 100*s.TopDecile))
	if base := m.Holdout.BaselineScores; base != nil {
		reason, en, zh := "BEATS_BASELINE", "It beats the regression", "优于回归基线"
		if s.MAE >= base.MAE || s.RMSE >= base.RMSE {
			reason, en, zh = "BASELINE_NOT_BEATEN", "It does not beat the regression in both", "未在两项指标上都优于回归基线"
		}
		say(reason, fmt.Sprintf("%s: mean absolute error %.4f against %.4f, root mean squared error %.4f against %.4f.", en, s.MAE, base.MAE, s.RMSE, base.RMSE),
			fmt.Sprintf("%s：平均绝对误差 %.4f（基线 %.4f），均方根误差 %.4f（基线 %.4f）。", zh, s.MAE, base.MAE, s.RMSE, base.RMSE))
	}
	return said
}
