// What to do about a cause, in one sentence that claims no more than the cause proves. Pure.
const kAdvice: Record<string, string> = {
  connect: "Nobody answers at that port. Is the process listening there, and is the address right?",
  refused: "Nobody listens at that port. Is the profiling endpoint still served, and is the port right?",
  dns: "The name is not known to the resolver. Is it spelled right, and does this machine see that zone?",
  timeout: "It takes longer than `scrape_timeout` allows. Raise it, or ask for shorter profiles.",
  http_status: "It answers, but not with a profile. Is the path right, and is this profile type switched on there?",
  unauthorized: "It asks for credentials. Set `basic_auth`, `authorization` or `oauth2`.",
  not_a_profile: "It sends something else. Is the path right?",
  tls: "The certificates do not agree. Set `ca_file`, or renew the certificate.",
  slow: "It takes longer than it is asked. Raise `scrape_interval`.",
  late: "It takes longer than it is asked. Raise `scrape_interval`.",
  too_large: "The profile is larger than the limit allows. Raise the limit, or profile for a shorter time.",
  write: "What takes the profiles refused them. See Delivery.",
  rules: "A rule left it out. Try the rule in the lab.",
};

export function advice(cause: string): string {
  return kAdvice[cause] ?? "";
}

// Profile types as people call them; unknown ones stay as they are.
const kTypes: Record<string, string> = {
  process_cpu: "CPU", memory: "Memory", mutex: "Mutex", block: "Block", goroutine: "Goroutine", goroutines: "Goroutine", fgprof: "Wall clock", wall: "Wall clock",
  godeltaprof_memory: "Memory (delta)", godeltaprof_mutex: "Mutex (delta)", godeltaprof_block: "Block (delta)",
};

export function typeName(type: string): string {
  return kTypes[type] ?? type;
}
