#include "kube/testing/encode.h"

#include "codec/wire.h"

namespace invar::kube::testing {
namespace {

using codec::wire::append_field;

// One message under construction.
class Message {
 public:
  Message& text(std::uint32_t number, std::string_view value) {
    if (!value.empty()) append_field(bytes_, number, value);
    return *this;
  }
  Message& text_if(std::uint32_t number, const std::optional<SharedText>& value) {
    if (value) append_field(bytes_, number, value->view());
    return *this;
  }
  Message& number(std::uint32_t number, std::int64_t value) {
    append_field(bytes_, number, static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& flag(std::uint32_t field, const std::optional<bool>& value) {
    if (value) number(field, *value);
    return *this;
  }
  Message& message(std::uint32_t number, const Message& value) {
    append_field(bytes_, number, std::string_view(value.bytes_));
    return *this;
  }
  Message& pairs(std::uint32_t number, const Pairs& pairs, std::uint32_t key = 1, std::uint32_t value = 2) {
    for (const auto& [k, v] : pairs) message(number, Message().text(key, k).text(value, v));
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

Message meta(const Meta& m) {
  Message out;
  out.text(1, m.name).text(2, "generated-").text(3, m.space).text(5, m.uid).text(6, m.version).number(7, 3);
  out.pairs(11, m.labels).pairs(12, m.annotations);
  out.message(13, Message().text(1, "Other").text(3, "not-it").number(6, 0));
  if (!m.controller_name.empty()) {
    out.message(
        13, Message().text(5, "apps/v1").text(1, m.controller_kind).text(3, m.controller_name).number(6, 1));
  }
  return out;
}

Message port(const Port& p, std::uint32_t name, std::uint32_t protocol, std::uint32_t number) {
  return Message().text(name, p.name).number(number, p.number).text(protocol, p.protocol);
}

Message reference(const Reference& r) {
  return Message().text(1, r.kind).text(2, r.space).text(3, r.name);
}

std::string bytes_of(const Pod& pod) {
  Message spec;
  Message status;
  spec.text(3, "Always").text(10, pod.node).number(11, 0);
  status.text(1, pod.phase).text(5, pod.host_ip).text(6, pod.ip);
  if (!pod.ready.empty()) status.pairs(2, {{"Initialized", "True"}, {"Ready", pod.ready}});
  for (const auto& container : pod.containers) {
    Message c;
    c.text(1, container.name).text(2, container.image).text(3, "/bin/run");
    for (const auto& p : container.ports) c.message(6, port(p, 1, 4, 3).number(2, 0));
    spec.message(container.init ? 20 : 2, c);
    if (!container.id.empty()) status.pairs(container.init ? 10 : 8, {{container.name, container.id}}, 1, 8);
  }
  return Message().message(1, meta(pod.meta)).message(2, spec).message(3, status).take();
}

std::string bytes_of(const Node& node) {
  Message status;
  status.pairs(4, node.conditions).pairs(5, node.addresses);
  status.message(6, Message().message(1, Message().number(1, node.kubelet_port)));
  return Message()
      .message(1, meta(node.meta))
      .message(2, Message().text(3, node.provider_id))
      .message(3, status)
      .take();
}

std::string bytes_of(const Service& service) {
  Message spec;
  for (const auto& p : service.ports) spec.message(1, port(p, 1, 2, 3).number(5, 30000));
  spec.text(3, service.cluster_ip)
      .text(4, service.type)
      .text(8, service.load_balancer_ip)
      .text(10, service.external_name);
  for (const auto& family : service.ip_families) spec.text(19, family);
  return Message().message(1, meta(service.meta)).message(2, spec).take();
}

std::string bytes_of(const Endpoints& endpoints) {
  Message out;
  out.message(1, meta(endpoints.meta));
  const auto address = [](const EndpointAddress& a) {
    Message m;
    m.text(1, a.ip).text(3, a.hostname).text(4, a.node);
    if (a.target) m.message(2, reference(*a.target));
    return m;
  };
  for (const auto& subset : endpoints.subsets) {
    Message m;
    for (const auto& a : subset.ready) m.message(1, address(a));
    for (const auto& a : subset.not_ready) m.message(2, address(a));
    for (const auto& p : subset.ports) m.message(3, port(p, 1, 3, 2));
    out.message(2, m);
  }
  return out.take();
}

std::string bytes_of(const EndpointSlice& slice) {
  Message out;
  out.message(1, meta(slice.meta)).text(4, slice.address_type);
  for (const auto& e : slice.endpoints) {
    Message m;
    for (const auto& a : e.addresses) m.text(1, a);
    m.message(2, Message().flag(1, e.ready).flag(2, e.serving).flag(3, e.terminating));
    m.text_if(3, e.hostname).pairs(5, e.topology).text_if(6, e.node).text_if(7, e.zone);
    if (e.target) m.message(4, reference(*e.target));
    out.message(2, m);
  }
  for (const auto& p : slice.ports) {
    Message m;
    m.text_if(1, p.name).text_if(2, p.protocol).text_if(4, p.app_protocol);
    if (p.number) m.number(3, *p.number);
    out.message(3, m);
  }
  return out.take();
}

std::string bytes_of(const Ingress& ingress) {
  Message spec;
  spec.text_if(4, ingress.class_name);
  for (const auto& hosts : ingress.tls_hosts) {
    Message m;
    for (const auto& host : hosts) m.text(1, host);
    spec.message(2, m.text(2, "secret"));
  }
  for (const auto& rule : ingress.rules) {
    Message http;
    for (const auto& path : rule.paths) http.message(1, Message().text(1, path).text(3, "Prefix"));
    spec.message(3, Message().text(1, rule.host).message(2, Message().message(1, http)));
  }
  return Message().message(1, meta(ingress.meta)).message(2, spec).take();
}

std::string bytes_of(const Namespace& space) {
  return Message().message(1, meta(space.meta)).take();
}

std::string frame(const std::string& type, const std::string& object) {
  const std::string body = Message().text(1, type).message(2, Message().text(1, object)).take();
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(body.size() >> shift));
  return out + body;
}

}  // namespace

std::string encode(const Object& object) {
  return std::visit([](const auto& o) { return bytes_of(o); }, object);
}

std::string envelope(const std::string& kind, const std::string& raw) {
  std::string out("k8s\0", 4);
  return out + Message().message(1, Message().text(1, "v1").text(2, kind)).text(2, raw).text(4, "").take();
}

std::string list(const std::vector<Object>& objects, const std::string& version,
                 const std::string& continues) {
  Message out;
  out.message(1, Message().text(2, version).text(3, continues).number(4, 7));
  for (const auto& object : objects) out.text(2, encode(object));
  return envelope("List", out.take());
}

std::string status(int code, const std::string& reason, const std::string& message) {
  return envelope("Status",
                  Message().text(2, "Failure").text(3, message).text(4, reason).number(6, code).take());
}

std::string event(const std::string& type, const Object& object) {
  return frame(type, envelope("Object", encode(object)));
}

std::string bookmark(const std::string& version) {
  Meta m;
  m.version = version;
  return frame("BOOKMARK", envelope("Object", Message().message(1, meta(m)).take()));
}

std::string error_event(int code, const std::string& message) {
  return frame("ERROR", status(code, "Expired", message));
}

Pod simple_pod(const std::string& space, const std::string& name, const std::string& ip,
               const std::string& version) {
  Pod pod;
  pod.meta.name = name;
  pod.meta.space = space;
  pod.meta.version = version;
  pod.ip = ip;
  pod.phase = "Running";
  pod.node = "n1";
  pod.containers = {{"app", "app:1", "", false, {{"http", "TCP", 8080}}}};
  return pod;
}

}  // namespace invar::kube::testing
