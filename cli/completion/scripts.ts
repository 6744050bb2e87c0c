/** What makes a shell ask `kubeskippy __complete`. Pure. */
import { COMPLETE } from './name.ts'

const BASH = `# For this shell: source <(kubeskippy completion bash). For every one: that line in ~/.bashrc.
_kubeskippy() {
  local words=() word value directive=0 last cur=\${COMP_WORDS[COMP_CWORD]}
  # bash parts words at "=".
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    last=$((\${#words[@]} - 1))
    if ((last >= 0)) && [[ \${words[last]} == --* && $word == = || \${words[last]} == --*= ]]; then
      words[last]+=$word
    else
      words+=("$word")
    fi
  done
  [[ $cur == = ]] && cur=
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    case $value in
      :[0-9]) directive=\${value#:} ;;
      "$cur"*) COMPREPLY+=("$value") ;;
    esac
  done < <("$1" ${COMPLETE} "\${words[@]}" 2>/dev/null)
  if ((\${#COMPREPLY[@]} == 0 && directive == 0)); then
    compopt -o filenames 2>/dev/null
    while read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$cur")
  fi
}
complete -F _kubeskippy kubeskippy kubectl-kubeskippy
`

const ZSH = `#compdef kubeskippy kubectl-kubeskippy
# For this shell: source <(kubeskippy completion zsh). For every one: as _kubeskippy in a folder of $fpath.
_kubeskippy() {
  local -a found
  local value description directive=0
  while IFS=$'\\t' read -r value description; do
    case $value in
      :[0-9]) directive=\${value#:} ;;
      *) found+=("\${value//:/\\\\:}\${description:+:$description}") ;;
    esac
  done < <("\${words[1]}" ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)
  [[ $PREFIX == --*=* ]] && compset -P '--*='
  if (( $#found )); then
    _describe kubeskippy found
  elif [[ $directive == 0 ]]; then
    _files
  fi
}
if [[ "\${funcstack[1]}" == _kubeskippy ]]; then _kubeskippy; else compdef _kubeskippy kubeskippy kubectl-kubeskippy; fi
`

const FISH = `# For this shell: kubeskippy completion fish | source. For every one: in ~/.config/fish/completions/kubeskippy.fish.
function __kubeskippy_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l prefix (string match -r -- '^--[^=]+=' $current)
  for line in ($words[1] ${COMPLETE} $words[2..-1] "$current" 2>/dev/null)
    switch $line
      case ':0'
        __fish_complete_path (string replace -r -- '^--[^=]+=' '' $current)
      case ':*'
      case '*'
        echo "$prefix$line"
    end
  end
end
complete -c kubeskippy -f -a '(__kubeskippy_complete)'
complete -c kubectl-kubeskippy -f -a '(__kubeskippy_complete)'
`

/** kubectl runs a program of that name with the words of the plug-in's command line. */
const KUBECTL = `#!/bin/sh
# On the PATH as kubectl_complete-kubeskippy, executable: kubectl asks it what follows "kubectl kubeskippy".
exec kubectl-kubeskippy ${COMPLETE} "$@"
`

export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH, kubectl: KUBECTL } as const
export type Shell = keyof typeof SCRIPTS
