// SchemaBuilder: makes the Schema of a struct from its members (see schema.h for how to use it). Included by
// schema.h only. Every accessor goes through the member pointer that it was given, so nested and squashed
// structs need no offsets.
#pragma once

#include <type_traits>
#include <utility>

namespace invar::syntax {

template <class T>
class SchemaBuilder {
 public:
  SchemaBuilder() : default_(std::make_shared<const T>()) {
    schema_.make_ = [] { return std::static_pointer_cast<void>(std::make_shared<T>()); };
    schema_.clone_ = [](const void* object) {
      return std::static_pointer_cast<void>(std::make_shared<T>(self(object)));
    };
    schema_.equal_ = [](const void* a, const void* b) { return self(a) == self(b); };
  }

  template <class M>
  SchemaBuilder& attribute(std::string name, M T::* member, std::string doc) {
    return attribute_with<Codec<M>>(std::move(name), member, std::move(doc));
  }

  // The same with a codec of its own, for a member whose type alone does not say how it is written.
  template <class C, class M>
  SchemaBuilder& attribute_with(std::string name, M T::* member, std::string doc) {
    Field field;
    field.kind = Field::Kind::kAttribute;
    field.name = std::move(name);
    field.doc = std::move(doc);
    field.type_text = C::type_text();
    field.static_type = C::static_type();
    field.secret = field.static_type.kind == StaticType::Kind::kSecret;
    field.decode = [member](void* object, const Value& value) -> std::optional<DecodeError> {
      auto decoded = C::decode(value);
      if (!decoded) return std::move(decoded).error();
      self(object).*member = std::move(*decoded);
      return std::nullopt;
    };
    field.encode = [member](const void* object) { return C::encode(self(object).*member); };
    set_comparisons(field, member);
    if (!field.is_zero(default_.get())) field.default_text = field.encode(default_.get()).to_text();
    return append(std::move(field));
  }

  // A block that may be written once; its absence leaves the default-constructed member.
  template <class B>
  SchemaBuilder& block(std::string name, B T::* member, const Schema& nested, std::string doc) {
    Field field = block_field(std::move(name), nested, std::move(doc));
    field.open_block = [member](void* object) -> void* { return &(self(object).*member = B{}); };
    field.blocks = [member](const void* object) -> std::vector<const void*> {
      return {&(self(object).*member)};
    };
    set_comparisons(field, member);
    field.always_shown = nested.has_collections() && !nested.is_zero(nested.make().get());
    return append(std::move(field));
  }

  template <class B>
  SchemaBuilder& block(std::string name, std::optional<B> T::* member, const Schema& nested,
                       std::string doc) {
    Field field = block_field(std::move(name), nested, std::move(doc));
    field.open_block = [member](void* object) -> void* { return &(self(object).*member).emplace(); };
    field.blocks = [member](const void* object) -> std::vector<const void*> {
      const auto& block = self(object).*member;
      if (!block) return {};
      return {&*block};
    };
    set_comparisons(field, member);
    return append(std::move(field));
  }

  // A repeated block: appended in source order.
  template <class B>
  SchemaBuilder& block(std::string name, std::vector<B> T::* member, const Schema& nested, std::string doc) {
    Field field = block_field(std::move(name), nested, std::move(doc));
    field.repeated = true;
    field.open_block = [member](void* object) -> void* { return &(self(object).*member).emplace_back(); };
    field.blocks = [member](const void* object) -> std::vector<const void*> {
      std::vector<const void*> out;
      for (const auto& block : self(object).*member) out.push_back(&block);
      return out;
    };
    set_comparisons(field, member);
    return append(std::move(field));
  }

  SchemaBuilder& label(std::string T::* member, std::string doc = {}) {
    schema_.set_label_ = [member](void* object, std::string label) {
      self(object).*member = std::move(label);
    };
    schema_.get_label_ = [member](const void* object) { return self(object).*member; };
    schema_.label_doc_ = std::move(doc);
    return *this;
  }

  // The fields and checks of a nested struct, written in the body of this one.
  template <class N>
  SchemaBuilder& squash(N T::* member, const Schema& nested) {
    INVAR_CHECK(!nested.has_label(), "a squashed schema cannot have a label");
    for (const Field& inner : nested.fields()) append(squashed(member, inner));
    for (const auto& check : nested.checks_)
      schema_.checks_.push_back(
          [member, check](const void* object) { return check(&(self(object).*member)); });
    last_ = kNone;
    return *this;
  }

  // A rule over the whole struct, run after its fields are filled: Result<>(const T&).
  template <class F>
  SchemaBuilder& check(F rule) {
    schema_.checks_.push_back(
        [rule = std::move(rule)](const void* object) -> Result<> { return rule(self(object)); });
    return *this;
  }

  // A rule about the field added last, run when it has been read and reported at its value: std::optional<DecodeError>(const T&).
  template <class F>
  SchemaBuilder& valid(F rule) {
    return modify([&](Field& field) {
      field.decode = [read = std::move(field.decode), rule = std::move(rule)](
                         void* object, const Value& value) -> std::optional<DecodeError> {
        if (auto error = read(object, value)) return error;
        return rule(self(object));
      };
    });
  }

  // Modifiers of the field added last.
  SchemaBuilder& required() {
    return modify([](Field& field) { field.required = true; });
  }
  SchemaBuilder& invar_only() {
    return modify([](Field& field) { field.invar_only = true; });
  }
  SchemaBuilder& default_text(std::string text) {
    return modify([&](Field& field) { field.default_text = std::move(text); });
  }

  // Of a block that is shown, to_body() leaves out what is zero instead of what is default: the reference's struct has no
  // defaults of its own, they come from the struct around it.
  SchemaBuilder& shown_from_zero() {
    schema_.shown_from_zero_ = true;
    return *this;
  }

  Schema build() { return std::move(schema_); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  static T& self(void* object) { return *static_cast<T*>(object); }
  static const T& self(const void* object) { return *static_cast<const T*>(object); }

  static Field block_field(std::string name, const Schema& nested, std::string doc) {
    Field field;
    field.kind = Field::Kind::kBlock;
    field.name = std::move(name);
    field.doc = std::move(doc);
    field.block = &nested;
    return field;
  }

  template <class M>
  void set_comparisons(Field& field, M T::* member) {
    field.equal = [member](const void* a, const void* b) { return self(a).*member == self(b).*member; };
    field.is_zero = [member](const void* object) { return self(object).*member == M{}; };
    field.is_default = [member, defaults = default_](const void* object) {
      return self(object).*member == (*defaults).*member;
    };
  }

  template <class N>
  Field squashed(N T::* member, const Field& inner) {
    Field field = inner;
    if (inner.decode)
      field.decode = [member, f = inner.decode](void* object, const Value& v) {
        return f(&(self(object).*member), v);
      };
    if (inner.encode)
      field.encode = [member, f = inner.encode](const void* object) { return f(&(self(object).*member)); };
    if (inner.open_block)
      field.open_block = [member, f = inner.open_block](void* object) { return f(&(self(object).*member)); };
    if (inner.blocks)
      field.blocks = [member, f = inner.blocks](const void* object) { return f(&(self(object).*member)); };
    field.equal = [member, f = inner.equal](const void* a, const void* b) {
      return f(&(self(a).*member), &(self(b).*member));
    };
    field.is_zero = [member, f = inner.is_zero](const void* object) { return f(&(self(object).*member)); };
    // The outer struct may choose other defaults for the nested one.
    field.is_default = [equal = field.equal, defaults = default_](const void* object) {
      return equal(object, defaults.get());
    };
    if (inner.encode && !inner.is_default(&((*default_).*member)))
      field.default_text = field.is_zero(default_.get()) ? "" : field.encode(default_.get()).to_text();
    return field;
  }

  SchemaBuilder& append(Field field) {
    INVAR_CHECK(schema_.find(field.name) == nullptr, "a schema field is declared twice: " + field.name);
    last_ = schema_.fields_.size();
    schema_.fields_.push_back(std::move(field));
    return *this;
  }

  template <class F>
  SchemaBuilder& modify(F change) {
    INVAR_CHECK(last_ != kNone, "a schema modifier must follow the field that it changes");
    change(schema_.fields_[last_]);
    return *this;
  }

  std::shared_ptr<const T> default_;
  Schema schema_;
  std::size_t last_ = kNone;
};

}  // namespace invar::syntax
