/**
 * The read-only programs, with every word that they may be given. Whatever is not in this table needs approval: an
 * option that is rare, or that means different things on different systems, is left out rather than guessed at.
 *
 * An option is here only if, whatever its value, the program writes nothing, starts nothing, goes on for no longer, and
 * opens no file but those that its path words name and those that can be previewed. Options in one line have the same kind
 * of value; `-x[]` and `--name[=]` may have one in the same word, `--name=` has one behind the `=`, and `-NUM` is a number
 * with a dash.
 *
 * @internal
 */

import type { Program } from "./ProgramWords.ts"
import * as SafeGit from "./SafeGit.ts"

const colors = ["always", "never", "auto"]

/** A count of lines or bytes: `20`, `-20`, `+20`, `2k`. */
const count = /^[+-]?\d+[bkKMGTPE]?B?$/

/** The fields of `cut`: `1,3-5,-7,9-`. */
const ranges = /^\d*-?\d*(,\d*-?\d*)*$/

/** A script of `sed` that prints lines by their numbers. */
const printsLines = /^(\d+|\$)(,\+?(\d+|\$))?p(;\d+q)?$/

const names = { showsNamesOnly: true }

/** `head`, and `tail` in the same words. */
const showsAnEnd: Program = {
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
}

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
  // The parser of the line tracks where it leads.
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
    steeredBy: ["MAGIC", "HOME/.magic", "HOME/.magic.mgc"]
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
  head: showsAnEnd,
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
  tail: showsAnEnd,
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

/**
 * The programs by their names; a program with commands of its own by both, as `git log`.
 *
 * @since 0.1.0
 * @category table
 */
export const programs: ReadonlyMap<string, Program> = new Map([
  ...Object.entries(plain),
  ...Object.entries(SafeGit.commands).map(([command, program]) => [`git ${command}`, program] as const)
])

/** What bash does itself: no file is looked for. */
export const builtIn: ReadonlySet<string> = new Set(["cd", "echo", "false", "pwd", "true"])
