#include "ebpf/cfi_program.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "ebpf/byte_cursor.h"

namespace invar::ebpf {
namespace {

// rsp + 8 + (((rip & 15) >= N) << 3)
std::optional<std::int64_t> plt_bound(std::string_view e) {
  constexpr std::string_view kBefore("\x77\x08\x80\x00\x3f\x1a", 6), kBehind("\x2a\x33\x24\x22", 4);
  if (e.size() != 11 || !e.starts_with(kBefore) || !e.ends_with(kBehind)) return std::nullopt;
  const auto literal = static_cast<std::uint8_t>(e[6]);
  if (literal < 0x30 || literal > 0x3f) return std::nullopt;
  return literal - 0x30;
}

// DW_OP_breg<reg> offset
std::optional<std::uint64_t> base_register(ByteCursor& in, std::int64_t& offset) {
  const auto code = in.number<std::uint8_t>();
  std::uint64_t reg = 0;
  if (code >= 0x70 && code <= 0x8f)
    reg = code - 0x70;
  else if (code == 0x92)
    reg = in.uleb();
  else
    return std::nullopt;
  offset = in.sleb();
  if (!in.ok()) return std::nullopt;
  return reg;
}

template <class To>
bool fits(std::int64_t value) {
  return value >= std::numeric_limits<To>::min() && value <= std::numeric_limits<To>::max();
}

}  // namespace

void CfiProgram::run(std::string_view program, std::uint64_t address, std::vector<UnwindRow>* rows) {
  rows_ = rows;
  address_ = address;
  ByteCursor in(program);
  while (!in.done() && !broken_)
    if (!step(in) || !in.ok()) broken_ = true;
}

void CfiProgram::finish(std::uint64_t start, std::uint64_t range, std::vector<UnwindRow>& rows) {
  rows_ = &rows;
  const std::uint64_t end = start + range;
  if (address_ < end || address_ == start) write_row();
  rows.push_back({.address = end, .rule = {}, .function_end = true});
}

void CfiProgram::write_row() {
  if (rows_ == nullptr) return;
  const bpf::rule now = rule();
  if (!rows_->empty() && !rows_->back().function_end && rows_->back().address == address_) {
    rows_->back().rule = now;
    return;
  }
  if (rows_->size() < kMaxRows)
    rows_->push_back({.address = address_, .rule = now, .function_end = false});
  else
    broken_ = true;
}

bool CfiProgram::step(ByteCursor& in) {
  const auto code = in.number<std::uint8_t>();
  const std::uint8_t low = code & 0x3f;
  const auto advance = [this](std::uint64_t delta) {
    write_row();
    address_ += delta * common_.code_factor;
    return true;
  };
  switch (code >> 6) {
    case 1:
      return advance(low);
    case 2:
      set(low, {Place::Kind::kAtCfa, scaled(in.uleb())});
      return true;
    case 3:
      restore(low);
      return true;
    default:
      break;
  }
  switch (code) {
    case 0x00:  // nop
      return true;
    case 0x01:  // set_loc
      return false;
    case 0x02:
      return advance(in.number<std::uint8_t>());
    case 0x03:
      return advance(in.number<std::uint16_t>());
    case 0x04:
      return advance(in.number<std::uint32_t>());
    default:
      return extended(in, code);
  }
}

bool CfiProgram::extended(ByteCursor& in, std::uint8_t code) {
  using Kind = Place::Kind;
  switch (code) {
    case 0x05: {  // offset_extended
      const std::uint64_t reg = in.uleb();
      set(reg, {Kind::kAtCfa, scaled(in.uleb())});
      return true;
    }
    case 0x06:
      restore(in.uleb());
      return true;
    case 0x07:
      set(in.uleb(), {Kind::kUndefined});
      return true;
    case 0x08:
      set(in.uleb(), {Kind::kSame});
      return true;
    case 0x09: {  // register
      const std::uint64_t reg = in.uleb();
      (void)in.uleb();
      set(reg, {Kind::kUnknown});
      return true;
    }
    case 0x0a:
      if (remembered_.size() >= kMaxDepth) return false;
      remembered_.push_back(state_);
      return true;
    case 0x0b:
      if (remembered_.empty()) return false;
      state_ = remembered_.back();
      remembered_.pop_back();
      return true;
    case 0x0c:  // def_cfa
    case 0x12:  // def_cfa_sf
      state_.cfa_known = true;
      state_.cfa_deref = state_.cfa_plt = false;
      state_.cfa_register = in.uleb();
      state_.cfa_offset =
          code == 0x0c ? static_cast<std::int64_t>(in.uleb()) : scaled(static_cast<std::uint64_t>(in.sleb()));
      return true;
    case 0x0d:
      state_.cfa_register = in.uleb();
      return true;
    case 0x0e:
      state_.cfa_offset = static_cast<std::int64_t>(in.uleb());
      return true;
    case 0x13:
      state_.cfa_offset = scaled(static_cast<std::uint64_t>(in.sleb()));
      return true;
    case 0x0f:
      set_cfa_expression(in.bytes(in.uleb()));
      return true;
    case 0x10:    // expression
    case 0x16: {  // val_expression
      const std::uint64_t reg = in.uleb();
      ByteCursor expression(in.bytes(in.uleb()));
      Place place{Kind::kUnknown};
      const auto base = base_register(expression, place.offset);
      if (code == 0x10 && base && expression.done()) {
        place.kind = Kind::kAtRegister;
        place.reg = *base;
      }
      set(reg, place);
      return true;
    }
    case 0x11: {  // offset_extended_sf
      const std::uint64_t reg = in.uleb();
      set(reg, {Kind::kAtCfa, scaled(static_cast<std::uint64_t>(in.sleb()))});
      return true;
    }
    case 0x14:  // val_offset
    case 0x15: {
      const std::uint64_t reg = in.uleb();
      (void)in.uleb();
      set(reg, {Kind::kUnknown});
      return true;
    }
    case 0x2d:  // aarch64: the return address is signed from here on, which the mask takes away
      return true;
    case 0x2e:  // GNU_args_size
      (void)in.uleb();
      return true;
    case 0x2f: {  // GNU_negative_offset_extended
      const std::uint64_t reg = in.uleb();
      set(reg, {Kind::kAtCfa, scaled(-in.uleb())});
      return true;
    }
    default:
      return false;
  }
}

void CfiProgram::set(std::uint64_t reg, Place place) {
  if (reg == fp_register()) state_.fp = place;
  if (reg == common_.ra_register) state_.ra = place;
}

void CfiProgram::restore(std::uint64_t reg) {
  if (reg == fp_register()) state_.fp = initial_.fp;
  if (reg == common_.ra_register) state_.ra = initial_.ra;
}

void CfiProgram::set_cfa_expression(std::string_view expression) {
  state_.cfa_known = false;
  state_.cfa_deref = state_.cfa_plt = false;
  state_.cfa_add = 0;
  if (const auto bound = plt_bound(expression)) {
    state_.cfa_known = state_.cfa_plt = true;
    state_.cfa_offset = *bound;
    return;
  }
  ByteCursor in(expression);
  const auto base = base_register(in, state_.cfa_offset);
  if (!base) return;
  if (!in.done()) {
    if (in.number<std::uint8_t>() != 0x06) return;  // deref
    state_.cfa_deref = true;
  }
  if (!in.done()) {
    if (in.number<std::uint8_t>() != 0x23) return;  // plus_uconst
    state_.cfa_add = static_cast<std::int64_t>(in.uleb());
  }
  state_.cfa_register = *base;
  state_.cfa_known = in.ok() && in.done();
}

bpf::rule CfiProgram::rule() {
  using Kind = Place::Kind;
  bpf::rule out{};
  if (common_.signal_frame) {
    out.cfa = bpf::kCfaSignal;
    return out;
  }
  if (state_.ra.kind == Kind::kUndefined) {
    out.cfa = bpf::kCfaStop;
    return out;
  }
  const bool by_sp = state_.cfa_register == sp_register();
  const bool usable = state_.cfa_known && (by_sp || state_.cfa_register == fp_register() || state_.cfa_plt) &&
                      fits<std::int32_t>(state_.cfa_offset) && fits<std::int32_t>(state_.cfa_add);
  const auto give_up = [this] {
    ++not_understood_;
    return bpf::rule{};
  };
  if (broken_ || !usable) return give_up();
  if (state_.cfa_plt)
    out.cfa = bpf::kCfaPlt;
  else if (state_.cfa_deref)
    out.cfa = by_sp ? bpf::kCfaDerefSp : bpf::kCfaDerefFp;
  else
    out.cfa = by_sp ? bpf::kCfaSp : bpf::kCfaFp;
  out.cfa_offset = static_cast<std::int32_t>(state_.cfa_offset);
  if (state_.cfa_deref) out.cfa_add = static_cast<std::int32_t>(state_.cfa_add);

  if (state_.ra.kind == Kind::kAtCfa && fits<std::int16_t>(state_.ra.offset)) {
    out.ra = bpf::kRaAtCfa;
    out.ra_offset = static_cast<std::int16_t>(state_.ra.offset);
  } else if (state_.ra.kind == Kind::kSame && machine_ == Machine::kAarch64) {
    out.ra = bpf::kRaInLink;
  } else {
    return give_up();
  }
  if (state_.fp.kind == Kind::kAtCfa && fits<std::int16_t>(state_.fp.offset)) {
    out.fp = bpf::kFpAtCfa;
    out.fp_offset = static_cast<std::int16_t>(state_.fp.offset);
  } else if (state_.fp.kind == Kind::kAtRegister && state_.fp.reg == fp_register() &&
             fits<std::int16_t>(state_.fp.offset)) {
    out.fp = bpf::kFpAtFp;
    out.fp_offset = static_cast<std::int16_t>(state_.fp.offset);
  } else if (state_.fp.kind != Kind::kSame && state_.fp.kind != Kind::kUndefined) {
    return give_up();
  }
  return out;
}

}  // namespace invar::ebpf
