package checkpoint

// The parts of the zip format that torch.save uses (PKWARE APPNOTE 6.3), with
// their sizes in bytes.
const (
	sigLocal      = 0x04034b50
	sigDescriptor = 0x08074b50
	sigCentral    = 0x02014b50
	sigEnd        = 0x06054b50
	sigEnd64      = 0x06064b50
	sigLocator64  = 0x07064b50

	sizeLocal     = 30
	sizeCentral   = 46
	sizeEnd       = 22
	sizeEnd64     = 56
	sizeLocator64 = 20

	extraZip64 = 1
	extraPad   = 0x4246 // "FB": fills up to the alignment

	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3 // CRC and sizes stand behind the data
	flagPatch      = 1 << 5
	flagStrong     = 1 << 6
	flagUTF8       = 1 << 11
	flagMasked     = 1 << 13

	alignment = 64         // of the data of every record, so that it can be mapped
	max32     = 0xffffffff // this and above goes into 64-bit fields
	max16     = 0xffff
)

// The records of a checkpoint, below its one top folder.
const (
	recPickle    = "data.pkl"
	recFormat    = ".format_version"
	recAlignment = ".storage_alignment"
	recByteOrder = "byteorder"
	recData      = "data/"
	recVersion   = "version"
	recVersion2  = ".data/version" // another place where torch looks for it
	recID        = ".data/serialization_id"
)
