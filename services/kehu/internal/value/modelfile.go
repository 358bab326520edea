// Package value fits the models of pkg/btyd to a file and predicts by them, as the
// commands below `kehu value` do.
package value

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
)

// The models' names on the command line and in files.
const (
	BGNBD      = "bg-nbd"
	MBGNBD     = "mbg-nbd"
	ParetoNBD  = "pareto-nbd"
	GammaGamma = "gamma-gamma"
)

// Models are all of them, in the order in which they are fitted and printed.
var Models = []string{BGNBD, MBGNBD, ParetoNBD, GammaGamma}

// keys are the names of each model's parameters, in the order of its definition.
var keys = map[string][]string{
	BGNBD:      {"r", "alpha", "a", "b"},
	MBGNBD:     {"r", "alpha", "a", "b"},
	ParetoNBD:  {"r", "alpha", "s", "beta"},
	GammaGamma: {"p", "q", "v"},
	sbg:        {"alpha", "beta"},
}

// sbg is not fitted to orders, and not kept in files.
const sbg = "sbg"

// Units are the days in each unit of time: a year is 52 weeks, 365 days or 12 months.
var Units = map[string]Unit{
	"day":   {Days: 1, PerYear: 365},
	"week":  {Days: 7, PerYear: 52},
	"month": {Days: 365.25 / 12, PerYear: 12},
}

// Unit is a unit of time.
type Unit struct {
	Days    float64
	PerYear float64 // as annual rates are divided
}

// Version is that of the form of a File.
const Version = 1

// File is what a fit found, as it is printed, kept and read again.
type File struct {
	Version        int         `json:"version"`
	Source         string      `json:"source"` // the file's name
	Unit           string      `json:"unit"`   // of all times: day, week or month
	TimeZone       string      `json:"time_zone,omitempty"`
	CalibrationEnd string      `json:"calibration_end,omitempty"` // the last day that was learnt from
	End            string      `json:"end,omitempty"`             // the last day of the hold-out
	Currency       string      `json:"currency,omitempty"`        // of spend; its unit is the major one
	Population     *Population `json:"population,omitempty"`
	Rows           *Rows       `json:"rows,omitempty"`
	Notes          []string    `json:"notes,omitempty"` // what is to be known of the data
	Models         []Model     `json:"models"`
}

// Population is who was learnt from.
type Population struct {
	Customers    int64 `json:"customers"`
	RepeatBuyers int64 `json:"repeat_buyers"`
	Repeats      int64 `json:"repeat_purchases"`
	Later        int64 `json:"first_bought_later"` // not in any figure
}

// Model is one fitted model. Params and what follows are empty where the fit was
// refused; Warnings say why.
type Model struct {
	Model          string             `json:"model"`
	Params         map[string]float64 `json:"params"`
	StandardErrors map[string]float64 `json:"standard_errors"`
	Intervals      []Interval         `json:"intervals"`
	LogLikelihood  *float64           `json:"log_likelihood"`
	Gradient       float64            `json:"gradient"` // largest component, by log parameters
	Iterations     int                `json:"iterations"`
	Converged      bool               `json:"converged"`
	Warnings       []Warning          `json:"warnings"`
	Customers      float64            `json:"customers"`
	PopulationMean *float64           `json:"population_mean,omitempty"` // of spend, gamma-gamma
	Correlation    *float64           `json:"correlation,omitempty"`     // of spend and frequency, gamma-gamma
	Holdout        *Holdout           `json:"holdout"`                   // null where there is none
	Tracking       []Tracked          `json:"tracking,omitempty"`        // of orders, by period
}

// Interval is that of one parameter. An end is null where the search found none.
type Interval struct {
	Parameter string   `json:"parameter"`
	Lower     *float64 `json:"lower"`
	Upper     *float64 `json:"upper"`
	Level     float64  `json:"level"`
	Method    string   `json:"method"`
}

// Warning is something a reader has to know.
type Warning struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// newModel describes a fit.
func newModel(name string, e *btyd.Estimate) Model {
	m := Model{
		Model: name, Params: map[string]float64{}, StandardErrors: map[string]float64{},
		LogLikelihood: &e.LogLikelihood, Gradient: e.Gradient, Iterations: e.Iterations,
		Converged: e.Converged, Warnings: []Warning{}, Customers: e.Customers, Intervals: []Interval{},
	}
	for i, key := range keys[name] {
		p := e.Parameters[i]
		m.Params[key] = p.Value
		if p.Method == btyd.MethodDelta {
			m.StandardErrors[key] = p.StandardError
		}
		interval := Interval{Parameter: key, Level: e.Level, Method: string(p.Method)}
		if !p.LowerOpen {
			interval.Lower = &p.Lower
		}
		if !p.UpperOpen {
			interval.Upper = &p.Upper
		}
		m.Intervals = append(m.Intervals, interval)
	}
	for _, w := range e.Warnings {
		m.Warnings = append(m.Warnings, Warning(w))
	}
	return m
}

// refusedModel describes a fit that there is not.
func refusedModel(name string, f *fault.Fault) Model {
	return Model{
		Model: name, Params: map[string]float64{}, StandardErrors: map[string]float64{}, Intervals: []Interval{},
		Warnings: []Warning{{Reason: f.Reason, Message: f.Message}},
	}
}

// Fitted tells whether the model has parameters.
func (m *Model) Fitted() bool { return len(m.Params) > 0 }

// Err is a fault where no model at all could be fitted, the first one's; nil
// otherwise.
func (f *File) Err() error {
	for i := range f.Models {
		if f.Models[i].Fitted() {
			return nil
		}
	}
	first := f.Models[0].Warnings[0]
	return fault.New(fault.FailedPrecondition, first.Reason, "%s cannot be fitted: %s", f.Models[0].Model, first.Message)
}

// find returns the fitted model of a name.
func (f *File) find(name string) *Model {
	for i := range f.Models {
		if f.Models[i].Model == name && f.Models[i].Fitted() {
			return &f.Models[i]
		}
	}
	return nil
}

// maxFile is the most bytes that a model file may have.
const maxFile = 4 << 20

// ReadFile reads what a fit printed. Faults, InvalidArgument: MODEL_FILE_INVALID.
func ReadFile(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	f, err := parseFile(text)
	if err != nil {
		return nil, invalid("MODEL_FILE_INVALID", "%s: %v; it must be what kehu value fit --format json prints", path, err)
	}
	return f, nil
}

func parseFile(text []byte) (*File, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("has more than %d bytes", maxFile)
	}
	var f File
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	// What others wrote in the same shape states no version, and no unit.
	if f.Version != 0 && f.Version != Version {
		return nil, fmt.Errorf("has version %d, where this program knows %d", f.Version, Version)
	}
	if f.Unit == "" {
		f.Unit = "week"
	}
	if _, known := Units[f.Unit]; !known {
		return nil, fmt.Errorf("unit must be day, week or month, is %q", clip(f.Unit))
	}
	if len(f.Models) == 0 || len(f.Models) > 100 {
		return nil, errors.New("models must list one or more models")
	}
	for i := range f.Models {
		if err := f.Models[i].check(); err != nil {
			return nil, fmt.Errorf("models[%d]: %w", i, err)
		}
	}
	return &f, nil
}

func (m *Model) check() error {
	names := keys[m.Model]
	if !slices.Contains(Models, m.Model) {
		return fmt.Errorf("model must be one of %s, is %q", strings.Join(Models, ", "), clip(m.Model))
	}
	if !m.Fitted() {
		return nil
	}
	for _, name := range names {
		if v, ok := m.Params[name]; !ok || !(v > 0) || math.IsInf(v, 0) {
			return fmt.Errorf("params.%s must be a positive number", name)
		}
	}
	for name := range m.Params {
		if !slices.Contains(names, name) {
			return fmt.Errorf("params.%s is no parameter of %s", clip(name), m.Model)
		}
	}
	return nil
}
