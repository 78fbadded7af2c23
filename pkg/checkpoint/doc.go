// Package checkpoint reads and writes PyTorch's .pt files without Python, and
// decides which of them a run keeps.
//
// Writing: the bytes are those of torch.save's container (a zip of stored,
// 64-byte aligned records around a protocol 2 pickle of plain values and
// tensors), so torch.load opens them with its safe default and with mmap=True.
// A file appears under its name only when it is whole and on disk.
//
// Reading: nothing in a file runs. The pickle is interpreted by a small machine
// that knows the few opcodes and names that build plain data; everything else is
// refused by name. Sizes are checked against the file before memory is taken for
// them, and every record against its CRC32, which torch.load does not do.
//
// Values are nil, bool, int64, *big.Int (only beyond int64), float64, string,
// Bytes, []any (list), Tuple, Set, *Dict and *Tensor.
package checkpoint
