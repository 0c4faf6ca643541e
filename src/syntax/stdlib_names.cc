#include "syntax/stdlib_names.h"

#include <algorithm>

#include "base/strings.h"
#include "syntax/evaluator.h"
#include "syntax/evaluator_internal.h"

namespace invar::syntax {
namespace {

std::vector<std::string> members_of(const Value& value) {
  std::vector<std::string> out;
  for (const auto& [name, ignored] : value.as_object().fields) out.push_back(name);
  return out;
}

struct Foreign {
  std::string_view name, ours;
};
// By their letters alone: `os.Getenv` and `get_env` are "getenv".
constexpr Foreign kForeign[] = {
    {"base64decode", "encoding.from_base64"},
    {"environ", "sys.env"},
    {"envvar", "sys.env"},
    {"getenv", "sys.env"},
    {"gethostname", "constants.hostname"},
    {"hostname", "constants.hostname"},
    {"jsondecode", "encoding.from_json"},
    {"jsonparse", "encoding.from_json"},
    {"lookupenv", "sys.env"},
    {"lower", "string.to_lower"},
    {"merge", "array.combine_maps"},
    {"sprintf", "string.format"},
    {"strip", "string.trim_space"},
    {"tolower", "string.to_lower"},
    {"toupper", "string.to_upper"},
    {"trimprefix", "string.trim_prefix"},
    {"trimspace", "string.trim_space"},
    {"trimsuffix", "string.trim_suffix"},
    {"upper", "string.to_upper"},
    {"yamldecode", "encoding.from_yaml"},
};

}  // namespace

std::vector<std::string> stdlib_dotted_names() {
  std::vector<std::string> out;
  for (const std::string& name : stdlib_names()) {
    const Value& value = *stdlib_find(name);
    if (value.type() != Type::kObject) {
      out.push_back(name);
      continue;
    }
    for (const std::string& member : members_of(value)) out.push_back(name + "." + member);
  }
  return out;
}

std::string stdlib_equivalent(std::string_view name) {
  std::string letters = to_lower_ascii(name.substr(name.rfind('.') + 1));
  std::erase(letters, '_');
  const auto* found = std::ranges::find(kForeign, letters, &Foreign::name);
  return found == std::end(kForeign) ? "" : std::string(found->ours);
}

UnknownMember stdlib_unknown_member(const std::vector<std::string>& chain) {
  const Value* value = stdlib_find(chain.front());
  std::string place = chain.front();
  for (std::size_t i = 1; i < chain.size() && value != nullptr && value->type() == Type::kObject; ++i) {
    const Value* member = value->as_object().find(chain[i]);
    if (member == nullptr) {
      const std::vector<std::string> known = members_of(*value);
      std::string advice = did_you_mean(chain[i], known);
      if (const std::string ours = stdlib_equivalent(chain[i]); advice.empty() && !ours.empty())
        advice = " (write " + ours + ")";
      if (advice.empty()) advice = " (" + place + " has " + join(known, ", ") + ")";
      return {i, "field " + quote(chain[i]) + " does not exist" + advice};
    }
    place += "." + chain[i];
    value = member;
  }
  return {};
}

}  // namespace invar::syntax
