// The programs of docs/testing-agents.md: their tests are ours.
import "../../scratchpad/09-record-and-replay.ts"
import "../../scratchpad/13-testing.ts"
