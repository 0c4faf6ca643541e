#include "component/receiver.h"

#include "base/strings.h"

namespace invar::syntax {
namespace {

constexpr std::string_view kTypeName = "pyroscope.Appendable";

class ReceiverCapsule : public Capsule {
 public:
  explicit ReceiverCapsule(pipeline::ReceiverPtr receiver) : receiver_(std::move(receiver)) {}
  [[nodiscard]] std::string_view type_name() const override { return kTypeName; }
  [[nodiscard]] bool equals(const Capsule& other) const override {
    const auto* capsule = dynamic_cast<const ReceiverCapsule*>(&other);
    return capsule != nullptr && capsule->receiver_ == receiver_;
  }
  [[nodiscard]] bool is_empty() const override { return receiver_ == nullptr; }
  [[nodiscard]] const pipeline::ReceiverPtr& receiver() const { return receiver_; }

 private:
  pipeline::ReceiverPtr receiver_;
};

}  // namespace

// A receiver has no literal.
StaticType Codec<pipeline::ReceiverPtr>::static_type() {
  return {StaticType::Kind::kUnchecked, nullptr, {}};
}

std::expected<pipeline::ReceiverPtr, DecodeError> Codec<pipeline::ReceiverPtr>::decode(const Value& v) {
  if (v.is_null()) return pipeline::ReceiverPtr();
  const auto with_advice = [](DecodeError error) {
    return std::unexpected(
        syntax::with_hint(std::move(error), "a receiver is wanted, as in pyroscope.write.NAME.receiver"));
  };
  if (v.type() != Type::kCapsule) return with_advice(type_mismatch("capsule", v));
  if (const auto* capsule = dynamic_cast<const ReceiverCapsule*>(v.as_capsule().get()))
    return capsule->receiver();
  return with_advice(decode_failure("expected capsule(" + quote(kTypeName) + "), got capsule(" +
                                    quote(v.as_capsule()->type_name()) + ")"));
}

Value Codec<pipeline::ReceiverPtr>::encode(const pipeline::ReceiverPtr& v) {
  return Value(CapsulePtr(std::make_shared<const ReceiverCapsule>(v)));
}

}  // namespace invar::syntax

namespace invar::component {

const syntax::Schema& receiver_exports_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<ReceiverExports>()
          .attribute("receiver", &ReceiverExports::receiver,
                     "A value that other components can use to send profiles to.")
          .build();
  return schema;
}

}  // namespace invar::component
