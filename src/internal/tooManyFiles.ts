/** Says that this process cannot open more files, and what helps, as the end of a sentence. */
export const tooManyFiles =
  "more files are open than this process may have; raise that limit (ulimit -n 256), and try again"
