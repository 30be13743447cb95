"""How a DNS message is laid out: RFC 1035 section 4.1, in the words of those who read its bytes."""

from struct import Struct

COUNTS = Struct(">HHHHHH")  # the header: ID, flags, and how many records each section has
HEADER = COUNTS.size
# Of the flags: a response, its kind of question, cut short, recursion, a bit that is 0, its code.
QR, OPCODE, TC, RD, RESERVED, RCODE = 0x8000, 0x7800, 0x0200, 0x0100, 0x0040, 0x000F
TOO_LONG = 2**31  # a time to live is shorter: RFC 2181 section 8
LONGEST_NAME = 255
LONGEST_LABEL = 63
POINTER = 0xC0  # from here on a label's length is the first half of one
