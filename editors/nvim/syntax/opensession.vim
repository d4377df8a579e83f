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
syntax match OpenSessionAdded /^ \{4,6}+.*$/
syntax match OpenSessionRemoved /^ \{4,6}-.*$/
highlight default link OpenSessionTitle Title
highlight default link OpenSessionPrompt Title
highlight default link OpenSessionAgent Identifier
highlight default link OpenSessionTool Function
highlight default link OpenSessionThinking Comment
highlight default link OpenSessionOk DiagnosticOk
highlight default link OpenSessionError DiagnosticError
highlight default link OpenSessionLive DiagnosticInfo
highlight default link OpenSessionHit Search
highlight default link OpenSessionAdded Added
highlight default link OpenSessionRemoved Removed
highlight default link OpenSessionMeta NonText
let b:current_syntax = 'opensession'
