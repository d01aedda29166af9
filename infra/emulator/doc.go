// Package emulator says what an emulator of AWS (moto's server) makes of every type of resource that a template
// has: one table. Its tests deploy the stacks into it, by the SDK, read back what came of them, and try each line
// of the table; its text goes into docs/operations.md.
//
// Tests talk to 127.0.0.1 alone, and run one after another; the rest talks to nobody, and is safe for concurrent use.
package emulator
