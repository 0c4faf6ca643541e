// Schema: the one description of a block's arguments. From it come decoding and its diagnostics, the JSON of the web API,
// `invar components NAME`, `validate`, and the reference pages. A component describes nothing twice.
//
//   struct Endpoint { std::string url; Duration remote_timeout = 10s; bool operator==(const Endpoint&) const = default; };
//   const Schema& endpoint_schema() {
//     static const Schema schema = SchemaBuilder<Endpoint>()
//         .attribute("url", &Endpoint::url, "Base URL of the Pyroscope server.").required()
//         .attribute("remote_timeout", &Endpoint::remote_timeout, "Time limit of one attempt.")
//         .check(&validate_endpoint)                       // Result<>(const Endpoint&); after the fields, innermost first
//         .build();
//     return schema;
//   }
//   .block("endpoint", &Arguments::endpoints, endpoint_schema(), "Where to send profiles.")     // std::vector<Endpoint>: repeated
//   .block("tls_config", &Client::tls, tls_schema(), "...")                                     // std::optional<T>: at most once
//   .block("profiling_config", &Arguments::profiling, profiling_schema(), "...")                // T: at most once, default T{}
//   .label(&CustomProfile::name)                            // the block takes a (required) label
//   .squash(&Arguments::client, client_schema())            // fields of a nested struct, written in the parent
// Defaults are the member initialisers of a default-constructed T. T needs operator==.
// A block name may contain dots ("profile.memory").  Spec: language.md 7.5, 10.4.
// Threads: any, immutable. Lifetime: schemas are function-local statics and live for ever.
#pragma once

#include <any>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "syntax/decode.h"
#include "syntax/value.h"

namespace invar::syntax {

class Schema;

// A body as data: what the web API shows (cli-http-ui.md 6.2). Also the form of a component's debug info.
struct BodyValue {
  struct Statement {
    std::string name;
    std::string label;                // blocks only
    std::optional<Value> value;       // set for an attribute
    std::shared_ptr<BodyValue> body;  // set for a block
  };
  std::vector<Statement> statements;
  BodyValue& attribute(std::string name, Value value);
  BodyValue& block(std::string name, std::string label, BodyValue body);
};

struct Field {
  enum class Kind { kAttribute, kBlock };
  Kind kind = Kind::kAttribute;
  std::string name;
  std::string doc;           // one sentence
  std::string type_text;     // attributes: "list(string)"
  std::string default_text;  // as shown in documentation; "" when the zero value
  bool required = false;
  bool repeated = false;    // blocks
  bool secret = false;      // exactly secret or optional secret: redacted in printed sources
  bool invar_only = false;  // an addition beyond the documented original; marked in the reference
  const Schema* block = nullptr;
  StaticType static_type;

  // Type-erased access; `object` is the struct that the schema describes.
  std::function<std::optional<DecodeError>(void* object, const Value&)> decode;  // attributes
  std::function<Value(const void* object)> encode;                               // attributes
  std::function<void*(void* object)>
      open_block;  // blocks: makes (or appends) the nested struct with its own defaults
  std::function<std::vector<const void*>(const void* object)> blocks;  // blocks: those present
  std::function<bool(const void* object)> is_default;  // equal to the value in a default-constructed struct
  std::function<bool(const void* object)> is_zero;     // equal to the zero value of the member's type
  std::function<bool(const void* a, const void* b)> equal;  // this member of both objects
  bool always_shown = false;  // a plain block with lists or maps, whose own defaults are not zero
};

class Schema {
 public:
  [[nodiscard]] const std::vector<Field>& fields() const {
    return fields_;
  }  // declaration order, squashed ones inlined
  [[nodiscard]] const Field* find(std::string_view name) const;
  [[nodiscard]] bool has_label() const { return static_cast<bool>(set_label_); }
  void set_label(void* object, std::string label) const { set_label_(object, std::move(label)); }
  [[nodiscard]] std::string label_of(const void* object) const { return get_label_(object); }
  [[nodiscard]] const std::string& label_doc() const { return label_doc_; }
  [[nodiscard]] Result<> check(const void* object) const;  // the schema's own validation hook

  [[nodiscard]] std::shared_ptr<void> make() const { return make_(); }  // default-constructed
  [[nodiscard]] std::shared_ptr<void> clone(const void* object) const { return clone_(object); }
  [[nodiscard]] bool equal(const void* a, const void* b) const { return equal_(a, b); }

  [[nodiscard]] bool is_zero(const void* object) const;  // every field holds the zero value of its type
  [[nodiscard]] bool has_collections() const;            // lists, maps or repeated blocks, at any depth

  // cli-http-ui.md 6.2: schema order, defaults left out.
  [[nodiscard]] BodyValue to_body(const void* object) const;
  // Exports: an ordered object of all attributes.
  [[nodiscard]] Value to_object(const void* object) const;

 private:
  template <class T>
  friend class SchemaBuilder;
  std::vector<Field> fields_;
  std::function<void(void*, std::string)> set_label_;
  std::function<std::string(const void*)> get_label_;
  std::string label_doc_;
  bool shown_from_zero_ = false;
  std::vector<std::function<Result<>(const void*)>> checks_;
  std::function<std::shared_ptr<void>()> make_;
  std::function<std::shared_ptr<void>(const void*)> clone_;
  std::function<bool(const void*, const void*)> equal_;
};

// A struct together with its schema, type-erased and immutable: arguments and exports on their way through the controller.
class Boxed {
 public:
  Boxed() = default;
  Boxed(const Schema* schema, std::shared_ptr<const void> object)
      : schema_(schema), object_(std::move(object)) {}
  template <class T>
  static Boxed of(const Schema& schema, T value) {
    return Boxed(&schema, std::make_shared<const T>(std::move(value)));
  }
  template <class T>
  [[nodiscard]] const T& as() const {
    INVAR_CHECK(object_ != nullptr, "empty box");
    return *static_cast<const T*>(object_.get());
  }
  [[nodiscard]] bool empty() const { return object_ == nullptr; }
  [[nodiscard]] const Schema* schema() const { return schema_; }
  [[nodiscard]] const void* object() const { return object_.get(); }
  bool operator==(const Boxed& other) const {
    if (object_ == other.object_) return true;
    return object_ && other.object_ && schema_ == other.schema_ &&
           schema_->equal(object_.get(), other.object_.get());
  }

 private:
  const Schema* schema_ = nullptr;
  std::shared_ptr<const void> object_;
};

}  // namespace invar::syntax

#include "syntax/schema_builder.h"  // template <class T> class SchemaBuilder
