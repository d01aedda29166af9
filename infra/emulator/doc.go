// Package emulator deploys the stacks into an emulator of AWS (moto's server), by the SDK,
// and reads back what came of them. It is made of tests and one table: what the emulator
// makes of every type of resource that a template has.
//
// It talks to 127.0.0.1 alone. Its tests run one after another.
package emulator
