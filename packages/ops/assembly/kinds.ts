// What a word of a struct is, for the host's types: a `usize` is an address, and these are not quite.

/** A number of bytes. */
export type Bytes = usize

/** An address, or 0 where there is nothing. */
export type Optional = usize
