#include "components/remote/vault/vault.h"

#include "base/strings.h"
#include "component/json_fields.h"
#include "component/polled_export.h"
#include "components/remote/vault/login.h"
#include "http/backoff.h"

namespace invar::components::remote_vault {
namespace {

using component::Boxed;
using component::field;
using component::text_field;
using syntax::Value;

constexpr Duration kNever = std::chrono::hours(24 * 365 * 10);
constexpr Duration kLeastRenewal = std::chrono::seconds(5);
constexpr std::uint64_t kMostTokenBytes = 1u << 20;

class VaultComponent final : public component::PolledExport {
 public:
  VaultComponent(component::Options made_with, http::ClientConfig tls, Environment environment)
      : PolledExport(std::move(made_with), "read the secret"),
        tls_(std::move(tls)),
        environment_(std::move(environment)),
        logins_(counter("remote_vault_auth_total",
                        "Total number of times this component authenticated to Vault")),
        reads_(counter("remote_vault_secret_reads_total",
                       "Total number of times the secret was read from Vault")),
        renewals_(counter("remote_vault_auth_lease_renewal_total",
                          "Total number of times this component renewed its auth token lease")),
        secret_renewals_(counter("remote_vault_secret_lease_renewal_total",
                                 "Total number of times this component renewed the lease of its secret")),
        again_(*options().loop),
        renewal_(*options().loop) {}

 private:
  using Then = std::move_only_function<void(const Value&, Done)>;

  metrics::Counter& counter(const std::string& name, const std::string& help) {
    return options().metrics->counter(name, help);
  }

  Result<Duration> configure(const Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    INVAR_ASSIGN_OR_RETURN(auto client, options().http->make_client(tls_, options().id));
    INVAR_ASSIGN_OR_RETURN(auto renewing, options().http->make_client(tls_, options().id));
    INVAR_ASSIGN_OR_RETURN(auto cloud, make_cloud_identity(options(), arguments, environment_));
    drop();
    arguments_ = arguments;
    cloud_ = std::move(cloud);
    api_ = std::make_unique<Api>(*options().loop, std::move(client), arguments_);
    renewing_ = std::make_unique<Api>(*options().loop, std::move(renewing), arguments_);
    token_.clear();
    failures_ = 0;
    return arguments_.reread_frequency == Duration::zero() ? kNever : arguments_.reread_frequency;
  }

  void drop() override {
    again_.cancel();
    renewal_.cancel();
    if (api_) api_->cancel();
    if (renewing_) renewing_->cancel();
    if (cloud_) cloud_->cancel();
    run_ = std::make_unique<async::Alive>();
  }

  void ask(Done done) override {
    again_.cancel();
    run_ = std::make_unique<async::Alive>();
    may_log_in_again_ = !token_.empty();
    if (!token_.empty()) return find_mount(std::move(done));
    log_in(std::move(done));
  }

  // A secret without a lease is read again only if it could not be read.
  void finish(Result<Boxed> exports, const Lease& lease, Done& done) {
    if (exports) {
      failures_ = 0;
      keep_secret(lease);
    } else {
      again_.arm_after(std::max<Duration>(kLeastRenewal, http::backoff(++failures_, 0, {})),
                       [this] { poll(); });
    }
    done(std::move(exports));
  }

  // ---- who we are

  void log_in(Done done) {
    if (arguments_.token) {
      token_ = arguments_.token->token.value;
      logins_.add();
      return find_mount(std::move(done));
    }
    if (auto call = unwrap_call(arguments_)) {
      return send(*std::move(call), std::move(done), [this](const Value& answer, Done done) {
        log_in_with(login_call(arguments_, text_field(field(answer, "data"), "secret_id")), std::move(done));
      });
    }
    if (cloud_) {
      return cloud_->get(run_->bind([this, done = std::move(done)](Result<Pairs> identity) mutable {
        if (!identity)
          return finish(std::unexpected(identity.error().wrapped(method_of(arguments_))), {}, done);
        // Vault knows an instance that comes again by what it told it at first.
        if (arguments_.aws && arguments_.aws->type == "ec2" && !nonce_.empty())
          identity->emplace_back("nonce", nonce_);
        log_in_with(cloud_login_call(arguments_, *identity), std::move(done));
      }));
    }
    if (!arguments_.kubernetes) return log_in_with(login_call(arguments_, ""), std::move(done));
    options().disk_pool->run(
        [files = options().files, path = arguments_.kubernetes->service_account_file] {
          return files->read_file(path, kMostTokenBytes);
        },
        run_->bind([this, done = std::move(done)](Result<std::string> text) mutable {
          if (!text) return finish(std::unexpected(text.error().wrapped(method_of(arguments_))), {}, done);
          log_in_with(login_call(arguments_, *text), std::move(done));
        }));
  }

  void log_in_with(Api::Call call, Done done) {
    send(std::move(call), std::move(done), [this](const Value& answer, Done done) {
      const auto login = read_login(answer);
      if (!login) return finish(std::unexpected(login.error().wrapped(method_of(arguments_))), {}, done);
      logins_.add();
      if (const std::string nonce = text_field(field(field(answer, "auth"), "metadata"), "nonce");
          !nonce.empty())
        nonce_ = nonce;
      token_ = login->token;
      keep_alive(*login);
      find_mount(std::move(done));
    });
  }

  // Renews when two thirds of the lease have gone; a token that cannot be renewed is replaced by another login.
  void keep_alive(const Login& login) {
    if (login.lease == Duration::zero()) return renewal_.cancel();
    const bool renewable = login.renewable;
    renewal_.arm_after(std::max(kLeastRenewal, login.lease * 2 / 3), [this, renewable] {
      if (!renewable) return log_in_again();
      renewing_->send(
          {.method = "POST", .path = "auth/token/renew-self", .body = "{}", .token = token_, .space = {}},
          alive_.bind([this](auto answer) {
            const auto login = answer ? read_login(*answer) : fail(ErrorCode::kUnavailable, "");
            if (!login) return log_in_again();
            renewals_.add();
            keep_alive(*login);
          }));
    });
  }

  void log_in_again() {
    token_.clear();
    poll();
  }

  // ---- the secret

  // Which engine `path` is in, and its version. Who may not know it is taken to ask for one of version 2 at the first part of the path.
  void find_mount(Done done) {
    const std::string& path = arguments_.path;
    api_->send(
        {.method = "GET", .path = "sys/internal/ui/mounts/" + path, .body = {}, .token = token_, .space = {}},
        run_->bind([this, done = std::move(done)](auto answer) mutable {
          const std::string whole = arguments_.path + (arguments_.key.empty() ? "" : "/" + arguments_.key);
          std::string mount =
              arguments_.key.empty() ? arguments_.path.substr(0, arguments_.path.find('/')) : arguments_.path;
          bool second = true;
          if (answer) {
            const Value& data = field(*answer, "data");
            if (std::string told = text_field(data, "path"); !told.empty() && whole.starts_with(told))
              mount = told;
            second = text_field(field(data, "options"), "version") == "2";
          } else if (answer.error().status == 0) {
            return finish(std::unexpected(answer.error().error), {}, done);
          }
          while (mount.ends_with('/')) mount.pop_back();
          const std::string rest = whole.substr(std::min(whole.size(), mount.size() + 1));
          read(mount + (second ? "/data/" : "/") + rest, second, std::move(done));
        }));
  }

  void read(const std::string& path, bool second, Done done) {
    send({.method = "GET", .path = path, .body = {}, .token = token_, .space = {}}, std::move(done),
         [this, second](const Value& answer, Done done) {
           const Value& data = field(answer, "data");
           const Value& values = second ? field(data, "data") : data;
           Exports exports;
           for (const auto& [name, value] : component::fields_of(values)) {
             if (value.type() == syntax::Type::kString) {
               exports.data[name].value = value.as_string();
             } else {
               options().logger.warn("found field in secret which cannot be converted into a string",
                                     {{"key", name}});
             }
           }
           reads_.add();
           finish(Boxed::of(exports_schema(), std::move(exports)), read_lease(answer), done);
         });
  }

  // One that was made for us is renewed when two thirds of its lease have gone, and replaced where it cannot be; any other is read again
  // at the end.
  void keep_secret(const Lease& lease) {
    if (lease.duration == Duration::zero()) return;
    if (!lease.id.empty()) {
      again_.arm_after(std::max(kLeastRenewal, lease.duration * 2 / 3),
                       [this, lease] { renew_secret(lease); });
    } else if (arguments_.reread_frequency == Duration::zero()) {
      again_.arm_after(lease.duration, [this] { poll(); });
    }
  }

  void renew_secret(const Lease& lease) {
    if (!lease.renewable) return poll();
    api_->send(renewal_call(lease, token_), run_->bind([this, asked = lease.duration](auto answer) {
      const Lease renewed = answer ? read_lease(*answer) : Lease();
      // Near the longest time that Vault allows each renewal gives less: there is no use in going on.
      if (renewed.id.empty() || renewed.duration < asked / 2) return poll();
      secret_renewals_.add();
      keep_secret(renewed);
    }));
  }

  // A token that is no longer good is replaced once.
  void send(Api::Call call, Done done, Then then) {
    const bool with_token = call.token == token_ && !token_.empty();
    api_->send(std::move(call), run_->bind([this, with_token, done = std::move(done),
                                            then = std::move(then)](auto answer) mutable {
      if (answer) return then(*answer, std::move(done));
      if (with_token && answer.error().status == 403 && !arguments_.token && may_log_in_again_) {
        may_log_in_again_ = false;
        return log_in(std::move(done));
      }
      finish(std::unexpected(with_token ? answer.error().error
                                        : answer.error().error.wrapped(method_of(arguments_))),
             {}, done);
    }));
  }

  const http::ClientConfig tls_;
  const Environment environment_;
  metrics::Counter &logins_, &reads_, &renewals_, &secret_renewals_;
  Arguments arguments_;
  std::unique_ptr<Api> api_, renewing_;
  std::unique_ptr<CloudIdentity> cloud_;
  std::string token_, nonce_;
  bool may_log_in_again_ = false;
  int failures_ = 0;
  async::Timer again_, renewal_;
  std::unique_ptr<async::Alive> run_;  // of the reading under way
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Component>> build(const http::ClientConfig& tls, Environment environment,
                                                    component::Options options, const Boxed& arguments) {
  auto made = std::make_unique<VaultComponent>(std::move(options), tls, std::move(environment));
  INVAR_TRY(made->update(arguments));
  return made;
}

}  // namespace invar::components::remote_vault
