// What a kernel must have, and which kernels are dangerous. docs/behaviour/ebpf.md 6.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace invar::ebpf {

// Pure. Of uname's release and version: the sentence that refuses a kernel whose defect may freeze the machine; "" for others.
// Debian's release does not say which version it is ("6.1.0-18-amd64"), its version does ("… Debian 6.1.76-1").
std::string kernel_hazard(std::string_view release, std::string_view version);
std::string running_kernel_hazard();

// What the programs stand on.
struct KernelFeatures {
  std::string release;
  bool loops = true;           // the helper bpf_loop, of Linux 5.17
  bool btf = true;             // descriptions of the kernel's own structures
  bool host_processes = true;  // this program sees processes as the kernel numbers them
};
// Pure: the sentence that says what is missing and what to do about it; "" when nothing is.
std::string kernel_lack(const KernelFeatures& kernel);
KernelFeatures running_kernel();

struct ProbeLine {
  std::string name;
  bool works = false;
  bool required = true;
  std::string detail;
};
// Kernel, features, capabilities: what `invar ebpf probe` shows. Loads the programs for a moment.
std::vector<ProbeLine> probe_machine();

}  // namespace invar::ebpf
