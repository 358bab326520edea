package schemes

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// The sizes of what a run draws.
const (
	// defaultMemory is how many bytes of numbers a run holds unless its scheme says
	// otherwise.
	defaultMemory = 256 << 20
	// sampled is how many customers quantiles and bins are taken from.
	sampled = 20_000
	// bins of a forming variable, and of an outside one that is tested by ranks.
	bins      = 10
	rankBins  = 64
	maxGroups = 200 // categories of a variable that are told apart
)

// work is one run while it is carried out.
type work struct {
	scheme *segmentationv1.Scheme
	spec   *partition.Spec
	reader *partition.Reader // nil of rules
	at     time.Time         // of which the run is
	now    time.Time
	zone   *time.Location
	seed   uint64

	columns []*column
	forming int      // of columns, the first
	reads   []string // the facts that decide, or are described
	own     partition.Moment
	outside partition.Moment
	row     []float64

	population int64
	rows       *reservoir // what the model is made of
	data       *reservoir // of all columns
	latest     time.Time
	active     int64
}

func newWork(m *segmentationv1.Scheme, at, now time.Time, seed uint64, compile partition.Compile) (*work, error) {
	spec, err := specOf(m)
	if err != nil {
		return nil, err
	}
	if err := spec.Check(compile); err != nil {
		return nil, err
	}
	w := &work{scheme: m, spec: spec, at: at, now: now, seed: seed}
	if w.zone, err = partition.ZoneOf("data.time_zone", spec.Zone); err != nil {
		return nil, err
	}
	if w.reader, err = spec.Reader(); err != nil {
		return nil, err
	}
	w.outside = partition.MomentOf(at, w.zone)
	var variables []*partition.Variable
	if w.reader != nil {
		variables, w.own = w.reader.Variables(), w.reader.Moment(at)
		w.row = make([]float64, w.reader.Width())
		limit := m.GetData().GetMemoryLimitBytes()
		if limit == 0 {
			limit = defaultMemory
		}
		w.rows = newReservoir(w.reader.Width(), max(1, int(limit/int64(8*w.reader.Width()))), seed)
	} else {
		names, err := spec.Needs(compile)
		if err != nil {
			return nil, err
		}
		w.reads = names
		for _, name := range names {
			if v := partition.Of(name); v != nil {
				variables = append(variables, v)
			}
		}
	}
	for _, v := range variables {
		w.columns = append(w.columns, newColumn(v, true))
		w.reads = append(w.reads, v.Reads...)
	}
	w.forming = len(w.columns)
	for _, given := range m.GetVariables().GetOutside() {
		v, err := partition.Find("variables.outside", given.GetFact())
		if err != nil {
			return nil, err
		}
		w.columns = append(w.columns, newColumn(v, false))
		w.reads = append(w.reads, v.Reads...)
	}
	w.data = newReservoir(len(w.columns), sampled, seed+1)
	return w, nil
}

// activity is the last that was seen of a customer.
func activity(f *facts.Facts) time.Time {
	last := f.Orders.LastTime
	for _, t := range []time.Time{f.Customer.LastSeenTime, f.Feedback.LastResponseTime} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

const day = 24 * time.Hour

// within tells whether a customer was seen within so many days before the run.
func (w *work) within(f *facts.Facts, days int) bool {
	last := activity(f)
	return !last.IsZero() && w.at.Sub(last) <= time.Duration(days)*day
}

// half puts customers into one of two halves, always the same.
func half(customer string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(customer))
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd // the finaliser of MurmurHash3 spreads the last letters
	x ^= x >> 33
	return int(x & 1)
}

// reservoir keeps rows, and of more than fit a uniform sample: J. Vitter, Random
// sampling with a reservoir, 1985, algorithm R.
type reservoir struct {
	width, most int
	values      []float64
	seen        int64
	random      *rand.Rand
}

func newReservoir(width, most int, seed uint64) *reservoir {
	return &reservoir{width: width, most: most, random: rand.New(rand.NewPCG(seed, 0x5eed))}
}

func (r *reservoir) add(row []float64) {
	r.seen++
	if r.held() < r.most {
		r.values = append(r.values, row...)
		return
	}
	if at := r.random.Int64N(r.seen); at < int64(r.most) {
		copy(r.values[int(at)*r.width:], row)
	}
}

func (r *reservoir) held() int {
	if r.width == 0 {
		return 0
	}
	return len(r.values) / r.width
}
