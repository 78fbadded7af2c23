package checkpoint

// bytes writes _codecs.encode(text, "latin1"), as protocol 2 does for want of an
// opcode: each byte is the character of that number.
func (e *encoder) bytes(b Bytes) error {
	if len(b) > maxPickle/2 {
		return e.refuse("%d bytes, at most %d are allowed: they belong into a tensor", len(b), maxPickle/2)
	}
	text := make([]rune, len(b))
	for i, c := range b {
		text[i] = rune(c)
	}
	e.global("_codecs", "encode")
	e.text(string(text))
	e.text("latin1")
	e.op(opTuple2, opReduce)
	return nil
}

// set writes set([…]).
func (e *encoder) set(v Set) error {
	e.global("__builtin__", "set")
	if err := e.list(v); err != nil {
		return err
	}
	e.op(opTuple1, opReduce)
	return nil
}
