/* heredoc.h - a RUN with texts as one that has none. Private to engine/. Depends on: dockerfile/.
 */
#pragma once

#include "dockerfile/ast.h"

/* Rewrites a RUN with heredocs: the shell is handed the same lines, each as a word of its own. */
void slip_heredoc_unfold(struct slip_dockerfile *ast, struct slip_instruction *run);
