// The program of docs/testing-agents.md: its tests are ours.
import "../../scratchpad/testing-agents.ts"
