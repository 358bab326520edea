package events

import "iter"

// stream is an iteration that can be looked at before it moves on.
type stream[T any] struct {
	now  T
	more bool
	next func() (T, error, bool)
	stop func()
}

func pull[T any](seq iter.Seq2[T, error]) (stream[T], error) {
	next, stop := iter.Pull2(seq)
	s := stream[T]{next: next, stop: stop}
	err := s.advance()
	if err != nil {
		stop()
	}
	return s, err
}

func (s *stream[T]) head() (T, bool) { return s.now, s.more }

func (s *stream[T]) advance() (err error) {
	s.now, err, s.more = s.next()
	return err
}
