if exists('b:current_syntax')
  finish
endif
syntax match OpenSessionTitle /^session \x\+  .*$/
syntax match OpenSessionPrompt /^#\d\+ you.*$/
syntax match OpenSessionThinking /^ \{2,4}#\d\+ thinking.*$/
syntax match OpenSessionMeta /^ \{2,4}#\d\+ \%(output\|system\).*$/ contains=OpenSessionError,OpenSessionOk
syntax match OpenSessionAgent /^ \{2,4}#\d\+ agent\>/
syntax match OpenSessionTool /^ \{2,4}#\d\+ \%(agent\>\|output\>\|thinking\>\|system\>\)\@!\S\+/
syntax match OpenSessionError /\%(output  \)\@<=failed/ contained
syntax match OpenSessionOk /\%(output  \)\@<=ok/ contained
lua require('opensession.highlights')
let b:current_syntax = 'opensession'
