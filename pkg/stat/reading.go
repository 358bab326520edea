package stat

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// words is one of two texts: that in Chinese for a language such as "zh" or
// "zh-CN", otherwise that in English.
func words(lang, en, zh string) string {
	if strings.HasPrefix(strings.ToLower(lang), "zh") {
		return zh
	}
	return en
}

// band is the name of a size.
type band struct {
	from   float64
	en, zh string
}

// bandOf is the last band that a size reaches.
func bandOf(lang string, size float64, bands []band) string {
	name := bands[0]
	for _, b := range bands {
		if size >= b.from {
			name = b
		}
	}
	return words(lang, name.en, name.zh)
}

// varianceBands are those of Cohen (1988), Statistical Power Analysis for the
// Behavioral Sciences, 2nd ed., p. 283–287, for shares of variance.
var varianceBands = []band{
	{0, "negligible", "可忽略"}, {0.01, "small", "小"}, {0.06, "medium", "中等"}, {0.14, "large", "大"},
}

// chance says what a p-value means.
func chance(lang string, p float64) string {
	if p < 0.05 {
		return fmt.Sprintf(words(lang, "Chance alone would hardly bring this about (p = %s).", "仅凭偶然几乎不会出现这样的差异（p = %s）。"), FormatP(p))
	}
	return fmt.Sprintf(words(lang, "Chance alone may well bring this about (p = %s): this is no evidence of a difference.", "偶然也可能造成这样的差异（p = %s），不能作为存在差异的证据。"), FormatP(p))
}

// FormatP writes a p-value for people: four decimals, or its size where it is small.
func FormatP(p float64) string {
	switch {
	case p <= 0:
		return "< 1e-300"
	case p < 0.0001:
		return strconv.FormatFloat(p, 'e', 1, 64)
	default:
		return strconv.FormatFloat(p, 'f', 4, 64)
	}
}

// percent writes a fraction as a percentage with one decimal; none becomes "-0.0".
func percent(x float64) string {
	return strconv.FormatFloat(math.Round(x*1000)/10+0, 'f', 1, 64)
}

// Reading says in plain words what the test found and how to read it, in Chinese
// where lang begins with "zh", otherwise in English.
func (a Anova) Reading(lang string) string {
	return fmt.Sprintf(words(lang,
		"The groups account for %s %% of the variance (η² = %.3f, %s). %s "+
			"Rule: judge by η², since with many customers p is small for trifles too; Cohen (1988) calls 0.01 small, 0.06 medium, 0.14 large. "+
			"Use variables that did not form the groups: those that did always differ.",
		"分组解释了 %s %% 的方差（η² = %.3f，效应%s）。%s"+
			"判读：以 η² 为准，客户多时微小差异的 p 值也很小；Cohen（1988）：0.01 为小，0.06 为中等，0.14 为大。"+
			"应使用未参与分组的变量：参与分组的变量必然有差异。"),
		percent(a.EtaSquared), a.EtaSquared, bandOf(lang, a.EtaSquared, varianceBands), chance(lang, a.P))
}

// Reading says in plain words what the test found and how to read it, as that of Anova.
func (t KruskalWallisTest) Reading(lang string) string {
	return fmt.Sprintf(words(lang,
		"By their ranks, the groups account for %s %% of the variance (ε² = %.3f, %s). %s "+
			"Rule: read ε² as η², of ranks; where the two tell different stories, outliers or skew are at work, and this one is to be trusted.",
		"按秩次计算，分组解释了 %s %% 的方差（ε² = %.3f，效应%s）。%s"+
			"判读：ε² 的标准与 η² 相同，但基于秩次；两者结论不一致时，说明有离群值或偏态，以本检验为准。"),
		percent(t.EpsilonSquared), t.EpsilonSquared, bandOf(lang, t.EpsilonSquared, varianceBands), chance(lang, t.P))
}

// Reading says in plain words what the test found and how to read it, as that of Anova.
func (t ContingencyTest) Reading(lang string) string {
	free := 1.0 // min(R−1, C−1)
	if len(t.Expected) > 0 {
		free = math.Sqrt(float64(max(1, min(len(t.Expected), len(t.Expected[0]))-1)))
	}
	small, medium, large := 0.1/free, 0.3/free, 0.5/free
	name := bandOf(lang, t.CramersV, []band{{0, "negligible", "可忽略"}, {small, "small", "小"}, {medium, "medium", "中等"}, {large, "large", "大"}})
	return fmt.Sprintf(words(lang,
		"Cramér's V = %.3f (%s). %s "+
			"Rule: V runs from 0, independent, to 1, one tells the other; for this table Cohen (1988) makes %.2f small, %.2f medium, %.2f large. "+
			"A standardised residual beyond ±2 marks a cell with more or fewer than chance brings.",
		"Cramér's V = %.3f（关联%s）。%s"+
			"判读：V 为 0 表示独立，为 1 表示完全对应；按 Cohen（1988），本表 %.2f 为小，%.2f 为中等，%.2f 为大。"+
			"标准化残差超出 ±2 的单元格，人数多于或少于偶然水平。"),
		t.CramersV, name, chance(lang, t.P), small, medium, large)
}

// Reading says in plain words how far the sample has moved and how to read it, in
// Chinese where lang begins with "zh", otherwise in English.
func (d Drift) Reading(lang string) string {
	name := bandOf(lang, d.PSI, []band{
		{0, "stable", "稳定"}, {0.1, "moved somewhat: watch it", "有所变化，需关注"}, {0.25, "moved: look for the cause, and do not rely on what was made of the baseline", "明显变化，应查明原因，基于基线的结果不宜继续使用"},
	})
	by := words(lang, "How much chance brings is not known, since the sizes of the samples are not.", "样本量未知，无法判断偶然波动的大小。")
	if d.Chance != nil {
		by = fmt.Sprintf(words(lang,
			"Samples of %d and %d stay below %.4f by chance 19 times in 20, so that this is %s than chance brings.",
			"样本量为 %d 与 %d 时，偶然波动有 95%% 的可能低于 %.4f，本次结果%s。"),
			d.NExpected, d.NActual, *d.Chance, beyond(lang, d.PSI > *d.Chance))
	}
	return fmt.Sprintf(words(lang,
		"PSI = %.4f: %s. %s Rule (Siddiqi 2006): below 0.1 stable, up to 0.25 watch, above act; in small samples these bounds are passed by chance.",
		"PSI = %.4f：%s。%s判读（Siddiqi 2006）：低于 0.1 为稳定，0.1 至 0.25 需关注，高于 0.25 应处理；样本小时偶然也会超过这些界限。"),
		d.PSI, name, by)
}

func beyond(lang string, more bool) string {
	if more {
		return words(lang, "more", "超出偶然波动")
	}
	return words(lang, "no more", "未超出偶然波动")
}

// Reading says in plain words how stable the cluster is and how to read it, in
// Chinese where lang begins with "zh", otherwise in English.
func (c ClusterStability) Reading(lang string) string {
	name := bandOf(lang, c.Jaccard, []band{
		{0, "not to be trusted", "不可信"}, {0.6, "a pattern, but who belongs to it is doubtful", "存在某种模式，但成员归属不确定"},
		{0.75, "stable", "稳定"}, {0.85, "highly stable", "高度稳定"},
	})
	return fmt.Sprintf(words(lang,
		"Found again with a mean Jaccard index of %.2f: %s. In %s %% of %d resamples it dissolved. "+
			"Rule (Hennig 2007): 0.85 highly stable, 0.75 stable, 0.6 a pattern, below not to be trusted; stable does not mean useful.",
		"重抽样后平均 Jaccard 系数为 %.2f：%s。%s %% 的重抽样（共 %d 次）中该群解体。"+
			"判读（Hennig 2007）：0.85 以上高度稳定，0.75 以上稳定，0.6 以上存在模式，以下不可信；稳定不等于有用。"),
		c.Jaccard, name, percent(c.Dissolved), c.Resamples)
}

// Reading says in plain words what the treatment changed and how to read it, in
// Chinese where lang begins with "zh", otherwise in English.
func (l Lift) Reading(lang string) string {
	of := func(x float64) string { return strconv.FormatFloat(x, 'g', 5, 64) }
	difference := words(lang, "difference %s (%s to %s)", "差异 %s（%s 至 %s）")
	if !l.Means {
		of = percent
		difference = words(lang, "difference %s points (%s to %s)", "差异 %s 个百分点（%s 至 %s）")
	}
	a := l.Absolute
	said := fmt.Sprintf(difference, of(a.Value), of(a.Low), of(a.High))
	if r := l.Relative; r != nil {
		said += fmt.Sprintf(words(lang, ", relative %s %% (%s to %s)", "，相对 %s %%（%s 至 %s）"), percent(r.Value), percent(r.Low), percent(r.High))
	}
	verdict := words(lang, "The interval holds 0: no effect is shown", "区间包含 0：未能证明有效果")
	switch {
	case a.Low > 0:
		verdict = words(lang, "The interval lies above 0: it raised the figure", "区间高于 0：指标得到提升")
	case a.High < 0:
		verdict = words(lang, "The interval lies below 0: it lowered the figure", "区间低于 0：指标有所下降")
	}
	rule := words(lang, "Rule: look once, at the planned end; whoever looks often and stops at a good day finds effects that are none.",
		"判读：仅在计划结束时查看一次；反复查看并在有利时停止，会得到并不存在的效果。")
	if a.Method == MethodSequence {
		rule = words(lang, "Rule: it holds at every look, and one may stop at any; it is wider than the interval of a single look for that.",
			"判读：每次查看均有效，可随时停止；代价是区间比只看一次时更宽。")
	}
	return fmt.Sprintf(words(lang, "%s at level %v, p = %s. %s. %s", "%s，置信水平 %v，p = %s。%s。%s"), said, a.Level, FormatP(l.P), verdict, rule)
}
