/**
 * What a shell is told to complete with: it asks the program itself, which knows its commands, the sessions and the
 * models. Each line of the answer is what would be written, a tab, and what it is.
 */

const bash = `_effixir() {
  local IFS=$'\\n' line value text
  local -a lines
  COMPREPLY=()
  mapfile -t lines < <(command effixir __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
  for line in "\${lines[@]}"; do
    value=\${line%%$'\\t'*} text=\${line#*$'\\t'}
    # Only a list has room for more than what would be written.
    if [[ $COMP_TYPE == 63 && \${#lines[@]} -gt 1 && -n $text ]]; then
      COMPREPLY+=("$value  ($text)")
    else
      COMPREPLY+=("$value")
    fi
  done
}
complete -o nosort -o default -F _effixir effixir 2> /dev/null || complete -o default -F _effixir effixir
`

const zsh = `#compdef effixir
_effixir() {
  local line
  local -a candidates
  for line in "\${(@f)$(command effixir __complete "\${(@Q)words[2,CURRENT]}" 2> /dev/null)}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#candidates )); then
    _describe -V effixir candidates
  else
    _files
  fi
}
if [[ $funcstack[1] == _effixir ]]; then
  _effixir "$@"
else
  compdef _effixir effixir
fi
`

const fish = `function __effixir_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l candidates (command effixir __complete $words[2..-1] "$current" 2> /dev/null)
    if test (count $candidates) -gt 0
        printf '%s\\n' $candidates
    else
        __fish_complete_path "$current"
    end
end
complete -c effixir -f -k -a '(__effixir_complete)'
`

const scripts = { bash, fish, sh: bash, zsh }

export type Shell = keyof typeof scripts

export const shells = Object.keys(scripts)

export const isShell = (word: string | undefined): word is Shell => word !== undefined && Object.hasOwn(scripts, word)

export const scriptOf = (shell: Shell): string => scripts[shell]
