// The command line: `invar [flags] COMMAND ...`. Flags, texts and exit statuses follow cli-http-ui.md 1-3.
#pragma once

namespace invar::app {

// Exit status: 0 success or clean shutdown, 1 any error (`Error: <message>` on stderr).
int main(int argc, char** argv);

}  // namespace invar::app
