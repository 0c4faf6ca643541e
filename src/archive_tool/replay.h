// The commands around Replayer: what `invar archive replay` was told, its progress, its ledger.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "archive_tool/environment.h"
#include "archive_tool/replayer.h"
#include "archive_tool/selection.h"
#include "delivery/destination.h"

namespace invar::archive_tool {

struct ReplayOptions {
  Selection selection;
  std::string to;      // URL of the server
  std::string config;  // a file with the arguments of a pyroscope.write component, with one endpoint
  std::function<Result<std::vector<delivery::Destination>>(fs::FileSystem&, const std::string& path)>
      read_config;
  // What else is asked for often; everything is in `config`.
  std::string tenant, user, password_file, bearer_token_file, ca_file;
  std::vector<std::string> headers;  // "Name: value"
  bool insecure = false;
  std::string rate;  // "100" or "100/s", "600/m", "1000/h"; "": as fast as it goes
  bool shift_to_now = false, keep_time = false;
  bool dry_run = false, restart = false;
  std::string state_file;    // "": in `state_folder`, by what is replayed where
  std::string state_folder;  // of the user
};

inline constexpr int kInterrupted = 130;  // exit status after Ctrl-C

Result<int> replay(const Environment& environment, const ReplayOptions& options);

Result<double> parse_rate(std::string_view text);  // profiles a second
// "[=====>    ]  45%  4500 of 10000  sent 4400, 320/s, 17s left"; "" when `columns` is 0: without the bar.
std::string progress_text(const Replayer::Progress& progress, double per_second, std::string_view note,
                          std::size_t columns);

}  // namespace invar::archive_tool
