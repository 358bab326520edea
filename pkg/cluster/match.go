package cluster

import (
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Match says which clusters of a division continue which of the previous one. Clusters
// are named by their places, from 0.
type Match struct {
	// Previous has, for each cluster, the one that it continues, −1 for a new one. No
	// two continue the same.
	Previous []int
	New      []int // clusters that continue none
	Gone     []int // previous clusters that none continues
	// Common is how many rows are in both divisions, and Agreement the share of them
	// whose cluster continues the one they were in. Both are 0 in a match of centres.
	Common    int64
	Agreement float64
}

// MatchLabels matches two divisions of the same rows into k clusters, such that as
// many rows as possible stay in a cluster that continues theirs. Label i of both is of
// the same row; −1 is a row that the division does not have. Clusters without a common
// row do not continue one another.
func MatchLabels(previous []int, previousK int, current []int, currentK int) (*Match, error) {
	if len(previous) != len(current) {
		return nil, fault.Invalid("current", "must have a label for each of %d rows, has %d", len(previous), len(current))
	}
	counts := make([][]float64, currentK)
	if currentK < 1 || currentK > MaxClusters || previousK < 1 || previousK > MaxClusters {
		return nil, fault.Invalid("k", "must be 1 to %d in both, is %d and %d", MaxClusters, previousK, currentK)
	}
	for j := range counts {
		counts[j] = make([]float64, previousK)
	}
	var common int64
	for i, label := range current {
		if label < -1 || label >= currentK || previous[i] < -1 || previous[i] >= previousK {
			return nil, fault.Invalid("labels", "must be −1 or a cluster, row %d has %d and %d", i, previous[i], label)
		}
		if label >= 0 && previous[i] >= 0 {
			counts[label][previous[i]]--
			common++
		}
	}
	m := pair(counts, previousK)
	var stay float64
	for j, before := range m.Previous {
		if before >= 0 && counts[j][before] == 0 {
			m.Previous[j] = -1
		} else if before >= 0 {
			stay -= counts[j][before]
		}
	}
	m.Common = common
	if common > 0 {
		m.Agreement = stay / float64(common)
	}
	m.rest(previousK)
	return m, nil
}

// MatchModels matches the clusters of two models of the same columns, such that the
// squared distances of their centres, in the scaled units of the previous model, add
// up to the least. With as many clusters in both, each continues one, however far.
func MatchModels(previous, current *Model) (*Match, error) {
	for _, m := range []*Model{previous, current} {
		if err := m.Check(); err != nil {
			return nil, err
		}
	}
	if !slices.Equal(previous.Scaler.Names, current.Scaler.Names) {
		return nil, fault.Invalid("columns", "must be those of the previous model, %.500q, are %.500q", previous.Scaler.Names, current.Scaler.Names)
	}
	cost := make([][]float64, current.K())
	for j := range cost {
		x := current.Scaler.Original(current.centre(j))
		for i := range x {
			x[i] = (x[i] - previous.Scaler.Centre[i]) / previous.Scaler.Scale[i]
		}
		cost[j] = make([]float64, previous.K())
		for i := range cost[j] {
			if cost[j][i] = distance(x, previous.centre(i)); math.IsNaN(cost[j][i]) || math.IsInf(cost[j][i], 0) {
				return nil, refuse(ReasonNotFinite, "centres", "must be comparable in the units of the previous model; those of cluster %d are beyond all numbers", j)
			}
		}
	}
	m := pair(cost, previous.K())
	m.rest(previous.K())
	return m, nil
}

// pair finds the pairs with the least cost; cost has a row for each current cluster.
func pair(cost [][]float64, previous int) *Match {
	m := &Match{Previous: make([]int, len(cost))}
	if len(cost) <= previous {
		copy(m.Previous, assignment(cost, previous))
		return m
	}
	turned := make([][]float64, previous)
	for i := range turned {
		turned[i] = make([]float64, len(cost))
		for j := range cost {
			turned[i][j] = cost[j][i]
		}
	}
	for j := range m.Previous {
		m.Previous[j] = -1
	}
	for i, j := range assignment(turned, len(cost)) {
		m.Previous[j] = i
	}
	return m
}

// rest names the clusters without a partner.
func (m *Match) rest(previous int) {
	m.New, m.Gone = []int{}, []int{}
	continued := make([]bool, previous)
	for j, before := range m.Previous {
		if before < 0 {
			m.New = append(m.New, j)
		} else {
			continued[before] = true
		}
	}
	for i, is := range continued {
		if !is {
			m.Gone = append(m.Gone, i)
		}
	}
}

// Continue is the model with the labels of the previous one for the clusters that
// continue its clusters, and new labels for the others.
func (m *Model) Continue(previous *Model, match *Match) (*Model, error) {
	if len(match.Previous) != m.K() {
		return nil, fault.Invalid("match", "must be of %d clusters, is of %d", m.K(), len(match.Previous))
	}
	next := *m
	next.Labels, next.NextLabel = make([]int, m.K()), previous.NextLabel
	for j, before := range match.Previous {
		switch {
		case before >= previous.K():
			return nil, fault.Invalid("match", "must be of %d previous clusters, names %d", previous.K(), before)
		case before >= 0:
			next.Labels[j] = previous.Labels[before]
		default:
			next.Labels[j] = next.NextLabel
			next.NextLabel++
		}
	}
	return &next, next.Check()
}
