/** What is wrong when the system has no file to spare for this process, and what helps, as the end of a sentence. */
export const tooManyFiles =
  "more files are open than this process may have; raise that limit (ulimit -n 256), and try again"
