/** The keys of a conversation, as the help shows them. */
export const keys: ReadonlyArray<readonly [key: string, what: string]> = [
  ["Enter", "send; while a turn runs, the model hears it at its next step"],
  ["Tab", "while a turn runs: send it when the turn would end; else complete"],
  ["Alt-Enter, Ctrl-J, \\ Enter", "a next line; Shift-Enter where the terminal tells it"],
  ["Esc, Ctrl-C", "stop the turn; Ctrl-C clears the line, and twice leaves"],
  ["Ctrl-D", "leave, if nothing is written"],
  ["Up, Down", "what you have written before"],
  ["Ctrl-R", "search in what you have written before"],
  ["Ctrl-G", "write in $EDITOR"],
  ["Ctrl-_, Alt-_", "undo and redo"],
  ["Alt-B, Alt-F, Ctrl-W, Alt-D", "a word back and forward; delete one"],
  ["Ctrl-A, Ctrl-E, Ctrl-U, Ctrl-K", "to the ends of the line; delete up to them"],
  ["Ctrl-Y", "insert what was deleted"],
  ["Ctrl-L", "a clean screen"],
  ["Ctrl-Z", "stop the program; fg goes on"],
  ["@path", "complete a file of the folder"],
  ["!command", "run a command of your own; the model hears of it with the next prompt"],
  ["$skill", "use a skill"]
]
