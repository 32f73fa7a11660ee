/**
 * The read-only commands of git, with every word that they may be given: a part of the table of safe programs, in the
 * same format.
 *
 * @internal
 */
import type { Program } from "./ProgramWords.ts"

const colors = ["always", "never", "auto"]

const dates = /^(relative|local|iso|iso-strict|rfc|short|raw|human|unix|default|format(-local)?:.*)$/s

/** What git can be told about its commits and how to show them; -O and -L read or name files in words of their own. */
const commits: Program["options"] = {
  "-n": "number",
  "-NUM": "number",
  "--max-count= --skip=": "number",
  "--since= --until= --after= --before= --author= --committer= --grep=": "text",
  "-E -F -i --extended-regexp --fixed-strings --regexp-ignore-case --invert-grep --all-match": "none",
  "--merges --no-merges --first-parent --reverse --topo-order --date-order --full-history --left-right": "none",
  "--oneline --graph --follow --abbrev-commit --no-abbrev-commit": "none",
  "--decorate[=]": ["short", "full", "auto", "no"],
  "--no-decorate": "none",
  "--date=": dates,
  // `%G`, also as `%+G`, asks another program about signatures.
  "--format= --pretty[=]": /^(?!.*%.?G)/s
}

/** What git can be told about how to show what has changed. */
const changes: Program["options"] = {
  "-p -u --patch -s --no-patch --raw --name-only --name-status --numstat --shortstat --summary --compact-summary":
    "none",
  "-U[] --unified[=]": "number",
  "--stat[=]": /^\d+(,\d+)*$/,
  "-a -b -w -z -R --text --ignore-all-space --ignore-space-change --ignore-blank-lines": "none",
  "--ignore-space-at-eol --minimal --patience --histogram --no-prefix --function-context -W": "none",
  "--color[=]": colors,
  "--no-color": "none",
  "--word-diff[=]": ["color", "plain", "porcelain", "none"],
  "-M[] --find-renames[=]": /^\d+%?$/,
  "-C[] --find-copies[=]": /^\d+%?$/,
  "--no-renames --no-ext-diff --no-textconv": "none",
  "--abbrev[=]": "number",
  "--diff-filter=": /^[ACDMRTUXBacdmrtuxb*]+$/,
  "-S -G": "text"
}

const showsNames = "-s --no-patch --raw --name-only --name-status --numstat --shortstat --summary " +
  "--compact-summary --stat --quiet"

const showsContents = "-p -u --patch -U --unified --word-diff --function-context -W -m -c --cc --check -S -G"

const listing = ["--name-only", "-z", "--no-renames", "--no-relative", "--no-ext-diff", "--no-textconv", "--no-color"]

const ofCommits = {
  keeps: "--since --until --after --before --author --committer --grep -E -F -i --extended-regexp --fixed-strings " +
    "--regexp-ignore-case --invert-grep --all-match --all --branches --tags --remotes --merges --no-merges " +
    "--first-parent --reverse --topo-order --date-order --full-history --left-right",
  names: showsNames,
  contents: showsContents,
  counts: "-n -NUM --max-count --skip",
  narrows: "-S -G --diff-filter",
  // What a file was called before, and which other one it was copied from, is not listed.
  obscures: "--follow -C --find-copies"
}

const revisions = { operands: [], rest: "revision", afterDashes: "pathspec" } as const

const all: { readonly [command: string]: Program } = {
  blame: {
    style: "git",
    options: {
      "-L": /^\d+,\+?\d+$/,
      "-b -e -f -l -n -p -s -t -w -M -C": "none",
      "--date=": dates,
      "--line-porcelain --porcelain --root --show-email --show-name --show-number": "none"
    },
    ...revisions
  },
  // Any operand is the name of a new one.
  branch: {
    style: "getopt",
    options: {
      "-a --all": "none",
      "-r --remotes": "none",
      "-v --verbose": "none",
      "--list --no-color --show-current": "none"
    },
    operands: [],
    showsNamesOnly: true
  },
  diff: {
    style: "git",
    options: { ...changes, "--cached --staged --merge-base --check --quiet --exit-code": "none" },
    ...revisions,
    preview: {
      command: ["git", "-c", "diff.autoRefreshIndex=false", "diff", ...listing],
      keeps: "--cached --staged --merge-base",
      shows: "contents",
      names: showsNames,
      contents: showsContents,
      obscures: "-C --find-copies",
      isAlways: true
    }
  },
  log: {
    style: "git",
    options: { ...commits, ...changes, "--all --branches --tags --remotes": "none", "-m -c --cc": "none" },
    ...revisions,
    preview: { command: ["git", "log", ...listing, "-m", "--format="], shows: "names", ...ofCommits }
  },
  "ls-files": {
    style: "getopt",
    options: {
      "-c --cached": "none",
      "-d --deleted": "none",
      "-i --ignored": "none",
      "-k --killed": "none",
      "-m --modified": "none",
      "-o --others": "none",
      "-s --stage": "none",
      "-t": "none",
      "-x --exclude": "text",
      "-z": "none",
      "--directory --error-unmatch --exclude-standard --full-name --unmerged -u": "none"
    },
    operands: [],
    rest: "pathspec",
    showsNamesOnly: true
  },
  "rev-parse": {
    style: "git",
    options: {
      "--abbrev-ref[=]": ["strict", "loose"],
      "--git-dir --is-inside-work-tree --quiet -q --show-prefix --show-toplevel --verify": "none",
      "--short[=]": "number"
    },
    operands: [],
    rest: "text",
    showsNamesOnly: true
  },
  // Not --all and --tags: a tag may be one of a file, whose content has no name then.
  show: {
    style: "git",
    options: { ...commits, ...changes, "-m -c --cc": "none" },
    operands: [],
    rest: "object",
    afterDashes: "pathspec",
    preview: {
      command: ["git", "show", ...listing, "-m", "--format="],
      shows: "contents",
      ...ofCommits,
      isAlways: true
    }
  },
  // Not -v, which shows what has changed.
  status: {
    style: "getopt",
    options: {
      "-b --branch": "none",
      "-s --short": "none",
      "-u[] --untracked-files[=]": ["no", "normal", "all"],
      "-z": "none",
      "--ahead-behind --no-ahead-behind --long --no-column --no-renames --show-stash": "none",
      "--ignored[=]": ["traditional", "no", "matching"],
      "--porcelain[=]": ["v1", "v2", "1", "2"]
    },
    operands: [],
    rest: "pathspec",
    showsNamesOnly: true
  },
  // As with branches.
  tag: { style: "getopt", options: { "-l --list": "none" }, operands: [], showsNamesOnly: true }
}

/** Variables with which git is in another repository, or in one that is put together from several places. */
const movesGit = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_COMMON_DIR",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES"
]

const steersGit = [
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_SYSTEM",
  "HOME/.gitconfig",
  "HOME/.config/git/config",
  "XDG_CONFIG_HOME/git/config"
]

/**
 * The commands by their names.
 *
 * @since 0.1.0
 * @category table
 */
export const commands: { readonly [command: string]: Program } = Object.fromEntries(
  Object.entries(all).map(([name, command]) => [name, { ...command, steeredBy: steersGit, movedBy: movesGit }])
)
