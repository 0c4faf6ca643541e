#include "flame/page.h"

#include <unordered_map>

#include "flame/page_text.h"
#include "json/writer.h"

namespace invar::flame {
namespace {

using pprof::FlameTree;

// Every text once, numbered as it is met.
class Strings {
 public:
  std::size_t place(std::string_view string) {
    const auto [at, added] = places_.try_emplace(string, all_.size());
    if (added) all_.push_back(string);
    return at->second;
  }
  [[nodiscard]] const std::vector<std::string_view>& all() const { return all_; }

 private:
  std::vector<std::string_view> all_;
  std::unordered_map<std::string_view, std::size_t> places_;
};

// Runs of nodes without a value of their own are one negative number.
void append_self(json::Writer& out, const FlameTree& tree, std::uint32_t column) {
  std::int64_t zeros = 0;
  out.begin_array();
  for (std::size_t node = 0; node < tree.nodes.size(); ++node) {
    const std::int64_t value = tree.self_values[node * tree.width() + column];
    if (value <= 0) {
      ++zeros;
      continue;
    }
    if (zeros > 0) out.value(-std::exchange(zeros, 0));
    out.value(value);
  }
  out.end_array();
}

}  // namespace

void append_data(std::string& text, const FlameTree& tree, const Caption& caption) {
  Strings strings;
  std::vector<std::size_t> frames;
  frames.reserve(3 * tree.frames.size());
  for (const pprof::FlameFrame& frame : tree.frames)
    frames.insert(frames.end(), {strings.place(frame.name), strings.place(frame.file),
                                 static_cast<std::size_t>(frame.line)});

  json::Writer out(text, JsonEscapes::kHtml);
  out.begin_object().field("title", caption.title).key("facts").begin_array();
  for (const auto& [name, value] : caption.facts) out.begin_array().value(name).value(value).end_array();
  out.end_array().key("sides").begin_array();
  if (tree.sides == 2) {
    out.value(caption.sides[0]).value(caption.sides[1]);
  } else {
    out.value("");
  }
  out.end_array().key("types").begin_array();
  for (const pprof::SampleType& type : tree.types)
    out.begin_array().value(type.type).value(type.unit).end_array();
  out.end_array().field("type", tree.default_type).key("strings").list(strings.all());
  out.key("frames").list(frames).key("nodes").begin_array();
  for (std::uint32_t i = 0; i < tree.nodes.size(); ++i)
    out.value(tree.nodes[i].frame).value(i - tree.nodes[i].parent);
  out.end_array().key("self").begin_array();
  for (std::uint32_t column = 0; column < tree.width(); ++column) append_self(out, tree, column);
  out.end_array().end_object();
}

std::string page(const FlameTree& tree, const Caption& caption) {
  std::string out(kPageBefore);
  append_data(out, tree, caption);
  out += kPageAfter;
  return out;
}

}  // namespace invar::flame
