#include "components/pyroscope/java/agent_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/choice.h"
#include "base/strings.h"

namespace invar::components::pyroscope_java {
namespace {

constexpr std::array<std::string_view, 6> kLogLevels = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "NONE"};

// A comma would begin another option of the agent. Inside a PMU event (cpu/umask=0x1,event=0xd3/) it is written as a colon.
Result<std::string> as_value(std::string_view name, std::string_view text) {
  std::string value;
  bool in_event = false;
  for (const char c : text) {
    if (c == '/') in_event = !in_event;
    const bool is_comma = c == ',';
    if ((is_comma && !in_event) || static_cast<unsigned char>(c) < ' ')
      return invalid(fmt::format("{} must not contain {}: {}", name,
                                 is_comma ? "a comma" : "control characters", quote(text)));
    value += is_comma ? ':' : c;
  }
  return value;
}

class Options {
 public:
  Result<> add(std::string_view name, std::string_view shown, std::string_view text) {
    INVAR_ASSIGN_OR_RETURN(const std::string value, as_value(shown, text));
    flag(fmt::format("{}={}", name, value));
    return {};
  }
  void flag(std::string_view text) {
    if (!text_.empty()) text_ += ',';
    text_ += text;
  }
  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

struct Option {
  std::string_view name, agent;
};
// With a value.
constexpr std::array<Option, 22> kValues = {{{"-i", "interval"},
                                             {"--interval", "interval"},
                                             {"-j", "jstackdepth"},
                                             {"--jstackdepth", "jstackdepth"},
                                             {"-L", "loglevel"},
                                             {"--loglevel", "loglevel"},
                                             {"-I", "include"},
                                             {"--include", "include"},
                                             {"-X", "exclude"},
                                             {"--exclude", "exclude"},
                                             {"--alloc", "alloc"},
                                             {"--nativemem", "nativemem"},
                                             {"--nativelock", "nativelock"},
                                             {"--lock", "lock"},
                                             {"--wall", "wall"},
                                             {"--trace", "trace"},
                                             {"--cstack", "cstack"},
                                             {"--signal", "signal"},
                                             {"--clock", "clock"},
                                             {"--begin", "begin"},
                                             {"--end", "end"},
                                             {"--memlimit", "memlimit"}}};
constexpr std::array<Option, 3> kMoreValues = {
    {{"--proc", "proc"}, {"--chunksize", "chunksize"}, {"--chunktime", "chunktime"}}};
constexpr std::array<Option, 10> kFlags = {{{"-t", "threads"},
                                            {"--threads", "threads"},
                                            {"--tlab", "tlab"},
                                            {"--live", "live"},
                                            {"--nobatch", "nobatch"},
                                            {"--nofree", "nofree"},
                                            {"--ttsp", "ttsp"},
                                            {"--sched", "sched"},
                                            {"--all", "all"},
                                            {"--all-user", "alluser"}}};

template <std::size_t kSize>
const Option* find(const std::array<Option, kSize>& options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &Option::name);
  return found == options.end() ? nullptr : &*found;
}

// "-e cpu,alloc" is several events; a PMU event has commas of its own.
Result<> add_events(Options& options, std::string_view text) {
  std::string event;
  bool in_event = false;
  for (const char c : text) {
    if (c == '/') in_event = !in_event;
    if (c == ',' && !in_event) {
      INVAR_TRY(options.add("event", "profiling_config.custom_arguments: -e", std::exchange(event, "")));
      continue;
    }
    event += c;
  }
  return options.add("event", "profiling_config.custom_arguments: -e", event);
}

Result<std::string> translated(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (const Option* const flag = find(kFlags, name)) {
      options.flag(flag->agent);
      continue;
    }
    const Option* with_value = find(kValues, name);
    if (with_value == nullptr) with_value = find(kMoreValues, name);
    const bool is_event = name == "-e" || name == "--event";
    const bool is_features = name == "-F" || name == "--features";
    if (with_value == nullptr && !is_event && !is_features)
      return invalid(fmt::format("profiling_config.custom_arguments: {} cannot be used here", quote(name)));
    if (++i == arguments.size())
      return invalid(fmt::format("profiling_config.custom_arguments: {} needs a value", quote(name)));
    if (is_event) {
      INVAR_TRY(add_events(options, arguments[i]));
    } else if (is_features) {
      std::string features = arguments[i];
      std::ranges::replace(features, ',', '+');
      INVAR_TRY(options.add("features", "profiling_config.custom_arguments: " + name, features));
    } else {
      INVAR_TRY(options.add(with_value->agent, "profiling_config.custom_arguments: " + name, arguments[i]));
    }
  }
  return std::move(options).take();
}

}  // namespace

Result<std::string> log_level(std::string_view given) {
  const auto* level = std::ranges::find_if(
      kLogLevels, [&](std::string_view known) { return equals_ignore_case(known, given); });
  if (level != kLogLevels.end()) return std::string(*level);
  return invalid(wrong_choice("unknown log_level", given, kLogLevels));
}

Result<std::string> agent_options(const ProfilingConfig& config) {
  INVAR_ASSIGN_OR_RETURN(const std::string level, log_level(config.log_level));
  if (!config.custom_arguments.empty()) return translated(config.custom_arguments);
  if (config.tlab && config.alloc.empty())
    return invalid("profiling_config.tlab requires profiling_config.alloc to be set");
  const bool cpu = config.cpu && !config.event.empty();
  if (!cpu && config.alloc.empty() && config.lock.empty())
    return invalid("profiling_config selects nothing to profile");
  Options options;
  if (cpu) {
    INVAR_TRY(options.add("event", "profiling_config.event", config.event));
    options.flag(fmt::format("interval={}", 1'000'000'000 / std::max<std::int64_t>(config.sample_rate, 1)));
  }
  if (!config.alloc.empty()) INVAR_TRY(options.add("alloc", "profiling_config.alloc", config.alloc));
  if (config.tlab) options.flag("tlab");
  if (!config.lock.empty()) INVAR_TRY(options.add("lock", "profiling_config.lock", config.lock));
  options.flag("loglevel=" + level);
  return std::move(options).take();
}

bool has_custom(const ProfilingConfig& config, std::string_view option) {
  return std::ranges::find(config.custom_arguments, option) != config.custom_arguments.end();
}

}  // namespace invar::components::pyroscope_java
