#include "kube/decode.h"

#include <algorithm>

#include "base/strings.h"
#include "codec/wire.h"

namespace invar::kube {
namespace {

namespace wire = codec::wire;
using wire::Field;

// Calls `each` for every field; false when the message is damaged or `each` says so.
template <class Each>
bool read(std::string_view message, Each each) {
  wire::Reader reader(message);
  Field field;
  while (reader.next(field)) {
    if (!each(field)) return false;
  }
  return reader.error() == nullptr;
}

bool take(const Field& field, std::string& out) {
  out = field.bytes;
  return field.type == wire::Type::kBytes;
}
bool take(const Field& field, SharedText& out) {
  out = SharedText::common(field.bytes);
  return field.type == wire::Type::kBytes;
}
// A text that no other object has is not looked for among the common ones.
bool take_own(const Field& field, SharedText& out) {
  out = SharedText(field.bytes);
  return field.type == wire::Type::kBytes;
}
bool take(const Field& field, std::optional<SharedText>& out) {
  return take(field, out.emplace());
}
bool take(const Field& field, std::int32_t& out) {
  out = static_cast<std::int32_t>(field.value);
  return field.type == wire::Type::kVarint;
}
bool take(const Field& field, bool& out) {
  out = field.value != 0;
  return field.type == wire::Type::kVarint;
}

// The second of two strings, keyed by the first: an entry of a map, or a pair of other field numbers.
bool take_pair(std::string_view message, Pairs& out, std::uint32_t key = 1, std::uint32_t value = 2) {
  auto& pair = out.emplace_back();
  return read(message, [&](const Field& f) {
    if (f.number == key) return take(f, pair.first);
    return f.number == value ? take(f, pair.second) : true;
  });
}

bool read_owner(std::string_view message, Meta& meta) {
  SharedText kind;
  SharedText name;
  bool controls = false;
  const bool good = read(message, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return take(f, kind);
      case 3:
        return take(f, name);
      case 6:
        return take(f, controls);
      default:
        return true;
    }
  });
  if (controls) {
    meta.controller_kind = std::move(kind);
    meta.controller_name = std::move(name);
  }
  return good;
}

bool read_meta(const Field& field, Meta& meta) {
  const bool good = read(field.bytes, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return take_own(f, meta.name);
      case 3:
        return take(f, meta.space);
      case 5:
        return take_own(f, meta.uid);
      case 6:
        return take_own(f, meta.version);
      case 11:
        return take_pair(f.bytes, meta.labels);
      case 12:
        return take_pair(f.bytes, meta.annotations);
      case 13:
        return read_owner(f.bytes, meta);
      default:
        return true;
    }
  });
  std::ranges::sort(meta.labels);
  std::ranges::sort(meta.annotations);
  return good;
}

// Numbers of the fields name, protocol and port, which differ from message to message.
struct PortFields {
  std::uint32_t name, protocol, number;
};

bool take_port(const Field& field, PortFields fields, std::vector<Port>& out) {
  Port& port = out.emplace_back();
  return read(field.bytes, [&](const Field& f) {
    if (f.number == fields.name) return take(f, port.name);
    if (f.number == fields.protocol) return take(f, port.protocol);
    return f.number == fields.number ? take(f, port.number) : true;
  });
}

bool take_reference(const Field& field, std::optional<Reference>& out) {
  Reference& reference = out.emplace();
  return read(field.bytes, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return take(f, reference.kind);
      case 2:
        return take(f, reference.space);
      case 3:
        return take(f, reference.name);
      default:
        return true;
    }
  });
}

// ---- Pod

bool take_container(const Field& field, bool init, std::vector<Container>& out) {
  Container& container = out.emplace_back();
  container.init = init;
  return read(field.bytes, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return take(f, container.name);
      case 2:
        return take(f, container.image);
      case 6:
        return take_port(f, {1, 4, 3}, container.ports);
      default:
        return true;
    }
  });
}

bool read_condition(std::string_view message, Pairs& out) {
  return take_pair(message, out);
}

struct PodStatus {
  Pairs ids, init_ids, conditions;  // container name and its id
};

bool read_pod_status(const Field& field, Pod& pod, PodStatus& status) {
  return read(field.bytes, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return take(f, pod.phase);
      case 2:
        return read_condition(f.bytes, status.conditions);
      case 5:
        return take(f, pod.host_ip);
      case 6:
        return take_own(f, pod.ip);
      case 8:
        return take_pair(f.bytes, status.ids, 1, 8);
      case 10:
        return take_pair(f.bytes, status.init_ids, 1, 8);
      default:
        return true;
    }
  });
}

SharedText value_of(const Pairs& pairs, std::string_view key) {
  const SharedText* found = find_value(pairs, key);
  return found ? *found : SharedText();
}

bool decode(std::string_view message, Pod& pod) {
  std::vector<Container> init;
  PodStatus status;
  const bool good = read(message, [&](const Field& f) {
    if (f.number == 1) return read_meta(f, pod.meta);
    if (f.number == 3) return read_pod_status(f, pod, status);
    if (f.number != 2) return true;
    return read(f.bytes, [&](const Field& spec) {
      switch (spec.number) {
        case 2:
          return take_container(spec, false, pod.containers);
        case 10:
          return take(spec, pod.node);
        case 20:
          return take_container(spec, true, init);
        default:
          return true;
      }
    });
  });
  for (Container& c : pod.containers) c.id = value_of(status.ids, c.name);
  for (Container& c : init) {
    c.id = value_of(status.init_ids, c.name);
    pod.containers.push_back(std::move(c));
  }
  pod.ready = value_of(status.conditions, "Ready");
  return good;
}

// ---- Node

bool decode(std::string_view message, Node& node) {
  const auto read_status = [&node](const Field& f) {
    switch (f.number) {
      case 4:
        return read_condition(f.bytes, node.conditions);
      case 5:
        return take_pair(f.bytes, node.addresses);
      case 6:
        return read(f.bytes, [&](const Field& daemon) {
          if (daemon.number != 1) return true;
          return read(daemon.bytes, [&](const Field& port) {
            return port.number == 1 ? take(port, node.kubelet_port) : true;
          });
        });
      default:
        return true;
    }
  };
  return read(message, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return read_meta(f, node.meta);
      case 2:
        return read(f.bytes, [&](const Field& spec) {
          return spec.number == 3 ? take(spec, node.provider_id) : true;
        });
      case 3:
        return read(f.bytes, read_status);
      default:
        return true;
    }
  });
}

// ---- Service

bool decode(std::string_view message, Service& service) {
  const auto read_spec = [&service](const Field& f) {
    switch (f.number) {
      case 1:
        return take_port(f, {1, 2, 3}, service.ports);
      case 3:
        return take(f, service.cluster_ip);
      case 4:
        return take(f, service.type);
      case 8:
        return take(f, service.load_balancer_ip);
      case 10:
        return take(f, service.external_name);
      case 19:
        return take(f, service.ip_families.emplace_back());
      default:
        return true;
    }
  };
  return read(message, [&](const Field& f) {
    if (f.number == 1) return read_meta(f, service.meta);
    return f.number == 2 ? read(f.bytes, read_spec) : true;
  });
}

// ---- Endpoints

bool take_address(const Field& field, std::vector<EndpointAddress>& out) {
  EndpointAddress& address = out.emplace_back();
  return read(field.bytes, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return take(f, address.ip);
      case 2:
        return take_reference(f, address.target);
      case 3:
        return take(f, address.hostname);
      case 4:
        return take(f, address.node);
      default:
        return true;
    }
  });
}

bool decode(std::string_view message, Endpoints& endpoints) {
  return read(message, [&](const Field& f) {
    if (f.number == 1) return read_meta(f, endpoints.meta);
    if (f.number != 2) return true;
    auto& subset = endpoints.subsets.emplace_back();
    return read(f.bytes, [&](const Field& part) {
      switch (part.number) {
        case 1:
          return take_address(part, subset.ready);
        case 2:
          return take_address(part, subset.not_ready);
        case 3:
          return take_port(part, {1, 3, 2}, subset.ports);
        default:
          return true;
      }
    });
  });
}

// ---- EndpointSlice

bool take_conditions(const Field& field, EndpointSlice::Endpoint& endpoint) {
  return read(field.bytes, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return take(f, endpoint.ready.emplace());
      case 2:
        return take(f, endpoint.serving.emplace());
      case 3:
        return take(f, endpoint.terminating.emplace());
      default:
        return true;
    }
  });
}

bool take_endpoint(const Field& field, EndpointSlice& slice) {
  auto& endpoint = slice.endpoints.emplace_back();
  return read(field.bytes, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return take(f, endpoint.addresses.emplace_back());
      case 2:
        return take_conditions(f, endpoint);
      case 3:
        return take(f, endpoint.hostname);
      case 4:
        return take_reference(f, endpoint.target);
      case 5:
        return take_pair(f.bytes, endpoint.topology);
      case 6:
        return take(f, endpoint.node);
      case 7:
        return take(f, endpoint.zone);
      default:
        return true;
    }
  });
}

bool take_slice_port(const Field& field, EndpointSlice& slice) {
  auto& port = slice.ports.emplace_back();
  return read(field.bytes, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return take(f, port.name);
      case 2:
        return take(f, port.protocol);
      case 3:
        return take(f, port.number.emplace());
      case 4:
        return take(f, port.app_protocol);
      default:
        return true;
    }
  });
}

bool decode(std::string_view message, EndpointSlice& slice) {
  return read(message, [&](const Field& f) {
    switch (f.number) {
      case 1:
        return read_meta(f, slice.meta);
      case 2:
        return take_endpoint(f, slice);
      case 3:
        return take_slice_port(f, slice);
      case 4:
        return take(f, slice.address_type);
      default:
        return true;
    }
  });
}

// ---- Ingress

bool take_rule(const Field& field, Ingress& ingress) {
  auto& rule = ingress.rules.emplace_back();
  const auto read_path = [&rule](const Field& f) {
    if (f.number != 1) return true;
    SharedText& path = rule.paths.emplace_back();
    return read(f.bytes, [&](const Field& part) { return part.number == 1 ? take(part, path) : true; });
  };
  return read(field.bytes, [&](const Field& f) {
    if (f.number == 1) return take(f, rule.host);
    if (f.number != 2) return true;
    return read(f.bytes,
                [&](const Field& http) { return http.number == 1 ? read(http.bytes, read_path) : true; });
  });
}

bool decode(std::string_view message, Ingress& ingress) {
  const auto read_spec = [&ingress](const Field& f) {
    switch (f.number) {
      case 2: {
        auto& hosts = ingress.tls_hosts.emplace_back();
        return read(f.bytes, [&](const Field& tls) {
          return tls.number == 1 ? take(tls, hosts.emplace_back()) : true;
        });
      }
      case 3:
        return take_rule(f, ingress);
      case 4:
        return take(f, ingress.class_name);
      default:
        return true;
    }
  };
  return read(message, [&](const Field& f) {
    if (f.number == 1) return read_meta(f, ingress.meta);
    return f.number == 2 ? read(f.bytes, read_spec) : true;
  });
}

bool decode(std::string_view message, Namespace& space) {
  return read(message, [&](const Field& f) { return f.number == 1 ? read_meta(f, space.meta) : true; });
}

template <class Kind>
Result<Object> decode_as(std::string_view message) {
  Kind kind;
  if (!decode(message, kind))
    return fail(ErrorCode::kDataLoss, "the API server sent an object that is damaged");
  if (kind.meta.name.empty())
    return fail(ErrorCode::kDataLoss, "the API server sent an object without a name");
  return Object(std::move(kind));
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kDataLoss, "the API server sent " + std::string(what) + " that is damaged");
}

}  // namespace

Result<Object> decode_object(Resource resource, std::string_view message) {
  switch (resource) {
    case Resource::kPods:
      return decode_as<Pod>(message);
    case Resource::kServices:
      return decode_as<Service>(message);
    case Resource::kEndpoints:
      return decode_as<Endpoints>(message);
    case Resource::kEndpointSlices:
      return decode_as<EndpointSlice>(message);
    case Resource::kIngresses:
      return decode_as<Ingress>(message);
    case Resource::kNodes:
      return decode_as<Node>(message);
    case Resource::kNamespaces:
      return decode_as<Namespace>(message);
  }
  return fail(ErrorCode::kInternal, "no such resource");
}

Result<ListMeta> decode_list_meta(std::string_view message) {
  ListMeta meta;
  const bool good = read(message, [&](const Field& f) {
    if (f.number == 2) return take(f, meta.version);
    return f.number == 3 ? take(f, meta.continues) : true;
  });
  if (!good) return damaged("a list");
  return meta;
}

Result<Envelope> open_envelope(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return damaged("an answer");
  bytes.remove_prefix(kMagic.size());
  Envelope envelope;
  const bool good = read(bytes, [&](const Field& f) {
    if (f.number == 2) {
      envelope.raw = f.bytes;
      return f.type == wire::Type::kBytes;
    }
    if (f.number != 1) return true;
    return read(f.bytes, [&](const Field& type) {
      if (type.number == 2) envelope.kind = type.bytes;
      return true;
    });
  });
  if (!good) return damaged("an answer");
  return envelope;
}

Result<Status> decode_status(std::string_view message) {
  Status status;
  std::int32_t code = 0;
  std::int32_t seconds = 0;
  const bool good = read(message, [&](const Field& f) {
    switch (f.number) {
      case 3:
        return take(f, status.message);
      case 4:
        return take(f, status.reason);
      case 5:
        return read(f.bytes, [&](const Field& details) {
          return details.number == 5 ? take(details, seconds) : true;
        });
      case 6:
        return take(f, code);
      default:
        return true;
    }
  });
  if (!good) return damaged("a status");
  status.code = code;
  status.retry_after_seconds = std::max(0, static_cast<int>(seconds));
  return status;
}

Result<Event> decode_event(std::string_view message) {
  Event event;
  const bool good = read(message, [&](const Field& f) {
    if (f.number == 1) event.type = f.bytes;
    if (f.number != 2) return true;
    return read(f.bytes, [&](const Field& raw) {
      if (raw.number == 1) event.object = raw.bytes;
      return true;
    });
  });
  if (!good || event.type.empty()) return damaged("an event");
  return event;
}

Result<std::string> decode_version(std::string_view message) {
  Meta meta;
  const bool good = read(message, [&](const Field& f) { return f.number == 1 ? read_meta(f, meta) : true; });
  if (!good) return damaged("a bookmark");
  return std::string(meta.version);
}

}  // namespace invar::kube
