package standing

import "encoding/binary"

// layout begins what is packed, so that another can be told from it some day.
const layout = 1

// reader reads what was packed. After damage it yields zeros, and ok is false.
type reader struct {
	b       []byte
	damaged bool
}

func newReader(data []byte) *reader {
	r := &reader{b: data}
	if r.uint() != layout {
		r.damaged = true
	}
	return r
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.damaged, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 { return int64(r.uint()) }

// count reads how many items follow, of which each takes at least a byte.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.damaged, r.b = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) bytes() []byte {
	n := r.count()
	part := r.b[:n:n]
	r.b = r.b[n:]
	return part
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.damaged = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

// next reads a string that begins like the one before.
func (r *reader) next(before string) string {
	shared, rest := r.uint(), r.bytes()
	if shared > uint64(len(before)) {
		r.damaged, r.b = true, nil
		return ""
	}
	return before[:shared] + string(rest)
}

func (r *reader) ok() bool { return !r.damaged }

func appendBytes[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendNext writes a string by what it has in common with the one before.
func appendNext(b []byte, before, s string) []byte {
	shared := 0
	for shared < len(before) && shared < len(s) && before[shared] == s[shared] {
		shared++
	}
	return appendBytes(binary.AppendUvarint(b, uint64(shared)), s[shared:])
}

func appendInt(b []byte, v int64) []byte { return binary.AppendUvarint(b, uint64(v)) }
