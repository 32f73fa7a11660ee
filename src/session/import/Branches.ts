/**
 * Which lines of a file with branches belong to the one that counts.
 *
 * @internal
 */

interface Line {
  readonly at: number
  readonly id: string | undefined
  readonly parent: string | undefined
  readonly isRoot: boolean
}

/** The lines by number, each with its id and the id of the line that it follows. */
export const make = () => {
  const lines: Array<Line> = []
  const indexes = new Map<string, number>()

  return {
    /** Lines come in the order of the file. A line with neither parent nor mark of a root follows the one before it. */
    add: (at: number, id: string | undefined, parent: string | undefined, isRoot = false): void => {
      if (id !== undefined) indexes.set(id, lines.length)
      lines.push({ at, id, parent, isRoot })
    },

    /**
     * Whether a line is on the way to the one with this id, or else to the last. Where a line is missing on that way,
     * because it is damaged, the way goes on with the line before in the file.
     */
    leadingTo: (leaf: string | undefined): (at: number) => boolean => {
      const onBranch = new Set<number>()
      const known = leaf === undefined ? undefined : indexes.get(leaf)
      let index: number | undefined = known ?? lines.length - 1
      while (index !== undefined) {
        const line: Line | undefined = lines[index]
        if (line === undefined || onBranch.has(line.at)) break
        onBranch.add(line.at)
        const parent: number | undefined = line.parent === undefined ? undefined : indexes.get(line.parent)
        index = parent ?? (line.isRoot && line.id !== undefined ? undefined : index - 1)
      }
      return (at) => onBranch.has(at)
    }
  }
}
