#include <algorithm>
#include <map>

#include "jfr/testing/recordings.h"

namespace invar::jfr::testing {
namespace {

// Types that fields are made of; events are ChunkWriter::Type.
enum Basic : std::uint64_t {
  kLong = 1,
  kInt,
  kByte,
  kBoolean,
  kFloat,
  kDouble,
  kText,
  kChar,
  kClass = 20,
  kMethod,
  kSymbol,
  kThread,
  kStackTrace,
  kFrame,
  kState,
  kTicks,
  kOddities
};

struct FieldSpec {
  std::string name;
  std::uint64_t type;
  bool pooled = false, array = false;
};
struct TypeSpec {
  std::uint64_t id;
  std::string name;
  std::vector<FieldSpec> fields;
};

std::vector<TypeSpec> types() {
  const auto event = [](std::uint64_t id, std::string name, std::vector<FieldSpec> own) {
    TypeSpec spec{id,
                  std::move(name),
                  {{"startTime", kTicks}, {"eventThread", kThread, true}, {"stackTrace", kStackTrace, true}}};
    spec.fields.insert(spec.fields.end(), own.begin(), own.end());
    spec.fields.insert(spec.fields.end(), {{"spanId", kLong}, {"spanName", kLong}, {"contextId", kLong}});
    return spec;
  };
  using W = ChunkWriter;
  return {
      {kLong, "long", {}},
      {kInt, "int", {}},
      {kByte, "byte", {}},
      {kBoolean, "boolean", {}},
      {kFloat, "float", {}},
      {kDouble, "double", {}},
      {kText, "java.lang.String", {}},
      {kChar, "char", {}},
      {kTicks, "jdk.types.Ticks", {{"value", kLong}}},
      {kClass, "java.lang.Class", {{"classLoader", kInt}, {"name", kSymbol, true}}},
      {kMethod, "jdk.types.Method", {{"type", kClass, true}, {"name", kSymbol, true}, {"hidden", kBoolean}}},
      {kSymbol, "jdk.types.Symbol", {{"string", kText}}},
      {kThread, "java.lang.Thread", {{"osName", kText}, {"osThreadId", kLong}, {"javaName", kText}}},
      {kStackTrace, "jdk.types.StackTrace", {{"truncated", kBoolean}, {"frames", kFrame, false, true}}},
      {kFrame,
       "jdk.types.StackFrame",
       {{"method", kMethod, true}, {"lineNumber", kInt}, {"bytecodeIndex", kInt}, {"type", kByte}}},
      {kState, "jdk.types.ThreadState", {{"name", kText}}},
      {kOddities,
       "test.Oddities",
       {{"texts", kText, false, true},
        {"flag", kBoolean},
        {"ratio", kFloat},
        {"mean", kDouble},
        {"c", kChar}}},
      event(W::kExecution, "jdk.ExecutionSample", {{"odd", kOddities}, {"state", kState, true}}),
      event(W::kWallClock, "profiler.WallClockSample", {{"state", kState, true}, {"samples", kInt}}),
      event(W::kInNewTlab, "jdk.ObjectAllocationInNewTLAB", {{"tlabSize", kLong}}),
      event(W::kOutsideTlab, "jdk.ObjectAllocationOutsideTLAB", {{"allocationSize", kLong}}),
      event(W::kAllocationSample, "jdk.ObjectAllocationSample", {{"weight", kLong}}),
      event(W::kLive, "profiler.LiveObject", {}),
      event(W::kMalloc, "profiler.Malloc", {{"size", kLong}}),
      event(W::kMonitor, "jdk.JavaMonitorEnter", {{"duration", kLong}}),
      event(W::kPark, "jdk.ThreadPark", {{"duration", kLong}}),
      event(W::kNativeLock, "profiler.NativeLock", {{"duration", kLong}}),
      {W::kSetting,
       "jdk.ActiveSetting",
       {{"startTime", kLong}, {"id", kLong}, {"name", kText}, {"value", kText}}},
      {W::kOther, "test.Other", {{"startTime", kLong}}},
  };
}

struct Element {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<Element> children;
};

// Numbers the strings of the metadata as they are met.
class Strings {
 public:
  std::uint64_t at(const std::string& text) {
    const auto [at, made] = index_.try_emplace(text, list.size());
    if (made) list.push_back(text);
    return at->second;
  }
  std::vector<std::string> list;

 private:
  std::map<std::string, std::uint64_t> index_;
};

void put_element(std::string& out, Strings& strings, const Element& element) {  // NOLINT(misc-no-recursion)
  put_varint(out, strings.at(element.name));
  put_varint(out, element.attributes.size());
  for (const auto& [key, value] : element.attributes) {
    put_varint(out, strings.at(key));
    put_varint(out, strings.at(value));
  }
  put_varint(out, element.children.size());
  for (const Element& child : element.children) put_element(out, strings, child);
}

// With its size in front, in four bytes as the JDK does it.
std::string event_bytes(std::uint64_t type, std::string_view fields) {
  std::string rest;
  put_varint(rest, type);
  rest += fields;
  std::string out;
  std::uint64_t size = rest.size() + 4;
  for (int i = 0; i < 4; ++i, size >>= 7) out += static_cast<char>((size & 0x7f) | (i < 3 ? 0x80 : 0));
  return out + rest;
}

void put_fixed(std::string& out, std::uint64_t value, int bytes) {
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes));
}

template <class T>
std::uint64_t number_of(std::vector<T>& list, const T& value) {  // from 1
  const auto at = std::ranges::find(list, value);
  if (at != list.end()) return static_cast<std::uint64_t>(at - list.begin()) + 1;
  list.push_back(value);
  return list.size();
}

}  // namespace

void put_varint(std::string& out, std::uint64_t value) {
  for (int i = 0; i < 8 && value >= 0x80; ++i, value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put_text(std::string& out, std::string_view text) {
  out += '\3';
  put_varint(out, text.size());
  out += text;
}

std::uint64_t ChunkWriter::symbol(const std::string& text) {
  return number_of(symbols_, text);
}
std::uint64_t ChunkWriter::thread(const std::string& name) {
  return number_of(threads_, name);
}

std::uint64_t ChunkWriter::stack(const std::vector<Frame>& frames) {
  std::vector<std::pair<std::uint64_t, std::int32_t>> keys;
  for (const Frame& frame : frames) {
    const std::pair<std::uint64_t, std::uint64_t> method{symbol(frame.type), symbol(frame.method)};
    keys.emplace_back(number_of(methods_, method), frame.line);
  }
  return number_of(stacks_, keys);
}

void ChunkWriter::raw_event(std::uint64_t type, std::string_view fields) {
  events_ += event_bytes(type, fields);
}

void ChunkWriter::setting(std::uint64_t of_type, std::string_view name, std::string_view value) {
  std::string fields;
  put_varint(fields, 5);
  put_varint(fields, of_type);
  put_text(fields, name);
  put_text(fields, value);
  raw_event(kSetting, fields);
}

void ChunkWriter::sample(Type type, const Sample& sample) {
  std::string fields;
  put_varint(fields, 123'456'789'012);  // startTime
  put_varint(fields, thread(sample.thread));
  put_varint(fields, sample.stack);
  if (type == kExecution) {
    put_varint(fields, 2);  // two texts, a flag, a float, a double, a char
    put_text(fields, "a");
    fields += '\0';
    fields += std::string(13, '\1');
    put_varint(fields, 0x436);
  }
  if (type == kExecution || type == kWallClock) put_varint(fields, sample.is_sleeping ? 2 : 1);
  if (type == kWallClock) put_varint(fields, sample.samples);
  if (type != kExecution && type != kWallClock && type != kLive) put_varint(fields, sample.amount);
  put_varint(fields, sample.span);
  put_varint(fields, sample.span_name);
  put_varint(fields, sample.context);
  raw_event(type, fields);
}

std::string ChunkWriter::metadata() const {
  Element root{"root", {}, {{"metadata", {}, {}}, {"region", {{"locale", "en"}}, {}}}};
  for (const TypeSpec& type : types()) {
    Element element{"class", {{"id", std::to_string(type.id)}, {"name", type.name}}, {}};
    for (const FieldSpec& field : type.fields) {
      Element child{"field", {{"name", field.name}, {"class", std::to_string(field.type)}}, {}};
      if (field.pooled) child.attributes.emplace_back("constantPool", "true");
      if (field.array) child.attributes.emplace_back("dimension", "1");
      child.children.push_back({"annotation", {{"class", "99"}}, {}});
      element.children.push_back(std::move(child));
    }
    root.children[0].children.push_back(std::move(element));
  }
  Strings strings;
  std::string tree;
  put_element(tree, strings, root);
  std::string fields("\1\1\1", 3);  // start, duration, id
  put_varint(fields, strings.list.size());
  for (const std::string& text : strings.list) put_text(fields, text);
  return event_bytes(0, fields + tree);
}

std::string ChunkWriter::checkpoint() const {
  std::string out("\1\1\0\0", 4);  // start, duration, distance, kind
  put_varint(out, 6);
  const auto pool = [&](std::uint64_t type, const auto& values, const auto& put) {
    put_varint(out, type);
    put_varint(out, values.size());
    std::uint64_t key = 0;
    for (const auto& value : values) {
      put_varint(out, ++key);
      put(value);
    }
  };
  // Every symbol is a class, too, under the same key.
  std::uint64_t number = 0;
  pool(kClass, symbols_, [&](const std::string&) { put_varint(out, 7), put_varint(out, ++number); });
  pool(kSymbol, symbols_, [&](const std::string& text) { put_text(out, text); });
  pool(kMethod, methods_, [&](const auto& method) {
    put_varint(out, method.first);
    put_varint(out, method.second);
    out += '\0';
  });
  pool(kThread, threads_, [&](const std::string& name) {
    put_text(out, "os " + name);
    put_varint(out, 4711);
    put_text(out, name);
  });
  pool(kState, std::vector<std::string>{"STATE_RUNNABLE", "STATE_SLEEPING"},
       [&](const std::string& name) { put_text(out, name); });
  pool(kStackTrace, stacks_, [&](const auto& frames) {
    out += '\0';
    put_varint(out, frames.size());
    for (const auto& [method, line] : frames) {
      put_varint(out, method);
      put_varint(out, static_cast<std::uint32_t>(line));
      put_varint(out, 3);
      out += '\1';
    }
  });
  return event_bytes(1, out);
}

std::string ChunkWriter::finish() const {
  const std::string body = events_ + metadata() + checkpoint();
  std::string out("FLR\0", 4);
  put_fixed(out, 2, 2);
  put_fixed(out, 0, 2);
  put_fixed(out, 68 + body.size(), 8);
  out.append(16, '\0');
  put_fixed(out, 1'700'000'000'000'000'000, 8);
  put_fixed(out, 10'000'000'000, 8);
  put_fixed(out, 1, 8);
  put_fixed(out, ticks_per_second_, 8);
  put_fixed(out, 1, 4);
  return out + body;
}

}  // namespace invar::jfr::testing
