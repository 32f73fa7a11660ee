/**
 * The programs that only look, with every word that they may be given. What is not in this table is asked about: an
 * option that is rare, or that means different things on different systems, is left out rather than guessed at.
 *
 * An option is here only if, whatever its value, the program writes nothing, starts nothing, goes on for no longer, and
 * opens no file but those that its path words name and those that can be previewed. Options in one line have the same kind
 * of value; `-x[]` and `--name[=]` may have one in the same word, `--name=` has one behind the `=`, and `-NUM` is a number
 * with a dash.
 *
 * @since 0.1.0
 */

import type { Program } from "./ProgramWords.ts"

const colors = ["always", "never", "auto"]

/** A count of lines or bytes: `20`, `-20`, `+20`, `2k`. */
const count = /^[+-]?\d+[bkKMGTPE]?B?$/

/** The fields of `cut`: `1,3-5,-7,9-`. */
const ranges = /^\d*-?\d*(,\d*-?\d*)*$/

/** A script of `sed` that prints lines by their numbers. */
const printsLines = /^(\d+|\$)(,\+?(\d+|\$))?p(;\d+q)?$/

const names = { showsNamesOnly: true }

/** The programs without commands of their own. */
const plain: { readonly [program: string]: Program } = {
  basename: {
    style: "getopt",
    options: { "-a --multiple": "none", "-z --zero": "none", "-s --suffix": "text" },
    operands: [],
    rest: "text",
    ...names
  },
  cat: {
    style: "getopt",
    options: {
      "-A --show-all": "none",
      "-b --number-nonblank": "none",
      "-E --show-ends": "none",
      "-e": "none",
      "-n --number": "none",
      "-s --squeeze-blank": "none",
      "-T --show-tabs": "none",
      "-t": "none",
      "-u": "none",
      "-v --show-nonprinting": "none"
    },
    operands: [],
    rest: "path"
  },
  // Where it leads is followed by whoever reads the line.
  cd: { style: "getopt", options: {}, operands: ["path"], ...names },
  cmp: {
    style: "getopt",
    options: {
      "-b --print-bytes": "none",
      "-l --verbose": "none",
      "-s --quiet --silent": "none",
      "-n --bytes": "number"
    },
    operands: ["file", "file"]
  },
  cut: {
    style: "getopt",
    options: {
      "-b --bytes": ranges,
      "-c --characters": ranges,
      "-d --delimiter": "text",
      "-f --fields": ranges,
      "-s --only-delimited": "none",
      "--complement": "none",
      "--output-delimiter": "text"
    },
    operands: [],
    rest: "path"
  },
  // Not -r, which reads all there is, nor -l, which runs another program.
  diff: {
    style: "getopt",
    options: {
      "-a --text": "none",
      "-B --ignore-blank-lines": "none",
      "-b --ignore-space-change": "none",
      "-C": "number",
      "-c --context": "none",
      "-d --minimal": "none",
      "-i --ignore-case": "none",
      "-p --show-c-function": "none",
      "-q --brief": "none",
      "-s --report-identical-files": "none",
      "-t --expand-tabs": "none",
      "-U": "number",
      "-u": "none",
      "--unified[=]": "number",
      "-W --width": "number",
      "-w --ignore-all-space": "none",
      "-y --side-by-side": "none",
      "--color[=]": colors,
      "--strip-trailing-cr": "none",
      "--suppress-common-lines": "none"
    },
    operands: ["file", "file"]
  },
  dirname: { style: "getopt", options: { "-z --zero": "none" }, operands: [], rest: "text", ...names },
  // Not -L, -D and -H, which follow links.
  du: {
    style: "getopt",
    options: {
      "-a --all": "none",
      "-b --bytes": "none",
      "-c --total": "none",
      "-d --max-depth": "number",
      "-h --human-readable": "none",
      "-k": "none",
      "-m": "none",
      "-s --summarize": "none",
      "-x --one-file-system": "none",
      "--apparent-size": "none",
      "--exclude": "text",
      "--si": "none"
    },
    operands: [],
    rest: "path",
    ...names
  },
  echo: { style: "words", options: {}, operands: [], rest: "text", ...names },
  false: { style: "words", options: {}, operands: [], rest: "text", ...names },
  file: {
    style: "getopt",
    options: {
      "-b --brief": "none",
      "-h --no-dereference": "none",
      "-i --mime": "none",
      "-k --keep-going": "none",
      "-L --dereference": "none",
      "-N --no-pad": "none",
      "--mime-encoding": "none",
      "--mime-type": "none"
    },
    operands: [],
    rest: "path",
    steeredBy: ["MAGIC"]
  },
  // Not -L and -follow, which follow links.
  find: {
    style: "find",
    options: {
      "-P -H": "none",
      "! -not -a -and -o -or ( ) ,": "none",
      "-depth -empty -executable -false -ls -mount -print -print0 -prune -quit -readable -true -writable -xdev": "none",
      "-name -iname -path -ipath -wholename -regex -iregex": "text",
      "-type": /^[bcdflps](,[bcdflps])*$/,
      "-maxdepth -mindepth": "number",
      "-amin -cmin -mmin -atime -ctime -mtime -links": /^[+-]?\d+$/,
      "-size": /^[+-]?\d+[bcwkMG]?$/,
      "-newer": "path",
      "-perm": /^[-/]?[0-7ugoarwxXst=+,]+$/,
      "-user -group": /^\w[\w.-]*$/,
      "-printf": /^[^-]/
    },
    operands: [],
    rest: "path",
    ...names
  },
  // Not -r, -R and -d: they read all there is, secrets and hidden files too.
  grep: {
    style: "getopt",
    options: {
      "-A --after-context": "number",
      "-B --before-context": "number",
      "-C --context": "number",
      "-NUM": "number",
      "-a --text": "none",
      "-b --byte-offset": "none",
      "-c --count": "none",
      "-E --extended-regexp": "none",
      "-e --regexp": "pattern",
      "-F --fixed-strings": "none",
      "-G --basic-regexp": "none",
      "-H --with-filename": "none",
      "-h --no-filename": "none",
      "-I": "none",
      "-i --ignore-case": "none",
      "-L --files-without-match": "none",
      "-l --files-with-matches": "none",
      "-m --max-count": "number",
      "-n --line-number": "none",
      "-o --only-matching": "none",
      "-P --perl-regexp": "none",
      "-q --quiet --silent": "none",
      "-s --no-messages": "none",
      "-v --invert-match": "none",
      "-w --word-regexp": "none",
      "-x --line-regexp": "none",
      "--color[=]": colors
    },
    operands: ["pattern"],
    rest: "path"
  },
  head: {
    style: "getopt",
    options: {
      "-c --bytes": count,
      "-n --lines": count,
      "-NUM": "number",
      "-q --quiet --silent": "none",
      "-v --verbose": "none",
      "-z --zero-terminated": "none"
    },
    operands: [],
    rest: "path"
  },
  // Not -L and -H, which follow links. -R follows none.
  ls: {
    style: "getopt",
    options: {
      "-1 -A -B -C -F -G -Q -R -S -U -X -a -b -c -d -f -g -h -i -k -l -m -n -o -p -q -r -s -t -u -v -x": "none",
      "--all --almost-all --directory --escape --full-time --group-directories-first --human-readable": "none",
      "--inode --literal --no-group --numeric-uid-gid --quote-name --recursive --reverse --si --size": "none",
      "--color[=]": colors,
      "--classify[=]": colors,
      "--file-type": "none",
      "--format": ["across", "commas", "horizontal", "long", "single-column", "verbose", "vertical"],
      "--hide --ignore": "text",
      "--sort": ["none", "size", "time", "version", "extension", "name", "width"],
      "--time": ["atime", "access", "use", "ctime", "status", "birth", "creation", "mtime", "modification"],
      "--time-style": ["full-iso", "long-iso", "iso", "locale"],
      "--width": "number"
    },
    operands: [],
    rest: "path",
    ...names
  },
  nl: {
    style: "getopt",
    options: {
      "-b --body-numbering": ["a", "t", "n"],
      "-n --number-format": ["ln", "rn", "rz"],
      "-s --number-separator": "text",
      "-v --starting-line-number": "number",
      "-w --number-width": "number"
    },
    operands: [],
    rest: "path"
  },
  pwd: { style: "getopt", options: { "-L": "none", "-P": "none" }, operands: [], ...names },
  readlink: {
    style: "getopt",
    options: {
      "-e --canonicalize-existing": "none",
      "-f --canonicalize": "none",
      "-m --canonicalize-missing": "none",
      "-n --no-newline": "none",
      "-q --quiet -s --silent": "none",
      "-v --verbose": "none",
      "-z --zero": "none"
    },
    operands: [],
    rest: "path",
    ...names
  },
  realpath: {
    style: "getopt",
    options: {
      "-e --canonicalize-existing": "none",
      "-m --canonicalize-missing": "none",
      "-q --quiet": "none",
      "-s --strip --no-symlinks": "none",
      "-z --zero": "none",
      "--relative-to --relative-base": "path"
    },
    operands: [],
    rest: "path",
    ...names
  },
  // Not --pre, which runs a program, -z, which runs one that unpacks, -f, which reads a file, and what shows hidden files.
  rg: {
    style: "clap",
    options: {
      "-A --after-context": "number",
      "-B --before-context": "number",
      "-C --context": "number",
      "-E --encoding": /^[\w-]*\w$/,
      "-F --fixed-strings": "none",
      "-H --with-filename": "none",
      "-I --no-filename": "none",
      "-M --max-columns": "number",
      "-N --no-line-number": "none",
      "-P --pcre2": "none",
      "-S --smart-case": "none",
      "-T --type-not": /^\w+$/,
      "-U --multiline": "none",
      "-b --byte-offset": "none",
      "-c --count": "none",
      "-e --regexp": "pattern",
      "-g --glob": "text",
      "-i --ignore-case": "none",
      "-j --threads": "number",
      "-l --files-with-matches": "none",
      "-m --max-count": "number",
      "-n --line-number": "none",
      "-o --only-matching": "none",
      "-p --pretty": "none",
      "-q --quiet": "none",
      "-s --case-sensitive": "none",
      "-t --type": /^\w+$/,
      "-v --invert-match": "none",
      "-w --word-regexp": "none",
      "-x --line-regexp": "none",
      "-0 --null": "none",
      "--color": ["always", "never", "auto", "ansi"],
      "--column": "none",
      "--count-matches": "none",
      "--files-without-match": "none",
      "--heading": "none",
      "--iglob": "text",
      "--json": "none",
      "--max-depth": "number",
      "--no-heading": "none",
      "--no-messages": "none",
      "--sort --sortr": ["none", "path", "modified", "accessed", "created"],
      "--stats": "none",
      "--trim": "none",
      "--vimgrep": "none",
      "--files --type-list": "none"
    },
    operands: ["pattern"],
    rest: "path",
    withoutPattern: "--files --type-list",
    steeredBy: ["RIPGREP_CONFIG_PATH"],
    preview: {
      command: ["rg", "--files", "--null", "--color", "never", "--path-separator", "/"],
      keeps: "-g --glob --iglob -t --type -T --type-not --max-depth",
      shows: "contents",
      names: "--files --type-list",
      contents: "",
      codeOfNothing: 1
    }
  },
  sed: {
    style: "getopt",
    options: { "-n --quiet --silent": "none" },
    operands: [printsLines],
    rest: "path"
  },
  sort: {
    style: "getopt",
    options: {
      "-b --ignore-leading-blanks": "none",
      "-C": "none",
      "-c --check": "none",
      "-d --dictionary-order": "none",
      "-f --ignore-case": "none",
      "-g --general-numeric-sort": "none",
      "-h --human-numeric-sort": "none",
      "-i --ignore-nonprinting": "none",
      "-k --key": /^\d+[\d.,bdfgiMhnRrV]*$/,
      "-M --month-sort": "none",
      "-n --numeric-sort": "none",
      "-r --reverse": "none",
      "-s --stable": "none",
      "-t --field-separator": /^([^-]|\\[0t])$/,
      "-u --unique": "none",
      "-V --version-sort": "none",
      "-z --zero-terminated": "none"
    },
    operands: [],
    rest: "path"
  },
  stat: {
    style: "getopt",
    options: {
      "-c --format": "text",
      "-f --file-system": "none",
      "-L --dereference": "none",
      "-t --terse": "none",
      "--printf": "text"
    },
    operands: [],
    rest: "path",
    ...names
  },
  // Not -f, which waits for more.
  tail: {
    style: "getopt",
    options: {
      "-c --bytes": count,
      "-n --lines": count,
      "-NUM": "number",
      "-q --quiet --silent": "none",
      "-v --verbose": "none",
      "-z --zero-terminated": "none"
    },
    operands: [],
    rest: "path"
  },
  tr: {
    style: "getopt",
    options: {
      "-C -c --complement": "none",
      "-d --delete": "none",
      "-s --squeeze-repeats": "none",
      "-t --truncate-set1": "none"
    },
    operands: ["text", "text"]
  },
  // Not -l, which follows links, -o and -R, which write, and what reads a list of files.
  tree: {
    style: "tree",
    options: {
      "-a -d -f -i -p -s -h -D -C -F -Q -N -u -g -r -t -v -A -S -n -x": "none",
      "-I -P": "text",
      "-L": "number",
      "--dirsfirst --du --gitignore --noreport --prune": "none"
    },
    operands: [],
    rest: "path",
    ...names
  },
  true: { style: "words", options: {}, operands: [], rest: "text", ...names },
  // A second operand is a file that it writes.
  uniq: {
    style: "getopt",
    options: {
      "-c --count": "none",
      "-D": "none",
      "-d --repeated": "none",
      "-f --skip-fields": "number",
      "-i --ignore-case": "none",
      "-s --skip-chars": "number",
      "-u --unique": "none",
      "-w --check-chars": "number",
      "-z --zero-terminated": "none"
    },
    operands: ["path"]
  },
  wc: {
    style: "getopt",
    options: {
      "-c --bytes": "none",
      "-L --max-line-length": "none",
      "-l --lines": "none",
      "-m --chars": "none",
      "-w --words": "none"
    },
    operands: [],
    rest: "path"
  },
  which: { style: "getopt", options: { "-a": "none" }, operands: [], rest: /^[\w+][\w+.-]*$/, ...names }
}

const dates = /^(relative|local|iso|iso-strict|rfc|short|raw|human|unix|default|format(-local)?:.*)$/s

/** What git can be told about its commits and how to show them; -O and -L read or name files in words of their own. */
const commits: Program["options"] = {
  "-n": "number",
  "-NUM": "number",
  "--max-count= --skip=": "number",
  "--since= --until= --after= --before= --author= --committer= --grep=": "text",
  "-E -F -i --extended-regexp --fixed-strings --regexp-ignore-case --invert-grep --all-match": "none",
  "--all --branches --tags --remotes": "none",
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

const listing = ["--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"]

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

/** The commands of git that only look. */
const gits: { readonly [command: string]: Program } = {
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
  diff: {
    style: "git",
    options: { ...changes, "--cached --staged --merge-base --check --quiet --exit-code": "none" },
    ...revisions,
    preview: {
      command: ["git", "diff", ...listing],
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
    options: { ...commits, ...changes, "-m -c --cc": "none" },
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
    ...names
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
    ...names
  },
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
    ...names
  }
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

const steersGit = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"]

/**
 * The programs by their names; a program with commands of its own by both, as `git log`.
 *
 * @since 0.1.0
 * @category table
 */
export const programs: ReadonlyMap<string, Program> = new Map([
  ...Object.entries(plain),
  ...Object.entries(gits).map(([command, program]) =>
    [`git ${command}`, { ...program, steeredBy: steersGit, movedBy: movesGit }] as const
  )
])

/** What bash does itself: no file is looked for. */
export const builtIn: ReadonlySet<string> = new Set(["cd", "echo", "false", "pwd", "true"])
