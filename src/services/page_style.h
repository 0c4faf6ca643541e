// How Invar's own pages look: light and dark as the reader's system, on a phone too. No scripts, no fonts, no pictures.
#pragma once

#include <string_view>

namespace invar::services {

inline constexpr std::string_view kPageStyleName = "plain.css";  // below PREFIX/assets/
inline constexpr std::string_view kPageStyle =
    R"(:root{color-scheme:light dark;--page:#f6f4f1;--card:#fff;--line:#e2ddd5;--text:#1d1b18;--soft:#6b655c;--link:#0b57d0;
--bad:#b3261e;--bad-page:#fdecea;--good:#2e7d32;--warn:#b26a00}
@media (prefers-color-scheme:dark){:root{--page:#16171a;--card:#1f2125;--line:#34373d;--text:#e8e6e3;--soft:#a09a91;--link:#8ab4ff;
--bad:#f2938c;--bad-page:#3a2322;--good:#81c784;--warn:#ffb74d}}
*{box-sizing:border-box}
body{font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;margin:0 auto;max-width:100rem;padding:1rem;
background:var(--page);color:var(--text);overflow-wrap:anywhere}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
h1{font-size:1.35rem;margin:0}h2{font-size:1.02rem;margin:0;overflow-wrap:anywhere}h3{font-size:.9rem;margin:1rem 0 .15rem}
p{margin:.3rem 0}.soft{color:var(--soft)}.error{color:var(--bad)}
code{font:.92em ui-monospace,Menlo,Consolas,monospace}
section,.problems{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;margin:.8rem 0}
.problems{background:var(--bad-page);border-color:var(--bad)}.problems h3{margin:0}.problems ul{margin:.3rem 0;padding-left:1.2rem}
.state{font-weight:400;font-size:.88rem;color:var(--warn);white-space:nowrap}.state:before{content:"\25CF";margin:0 .3rem 0 .4rem}
.healthy{color:var(--good)}.unhealthy,.exited{color:var(--bad)}
dl{display:flex;flex-wrap:wrap;gap:.5rem 1.8rem;margin:.5rem 0 0}dt{color:var(--soft);font-size:.8rem}dd{margin:0;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.87rem;width:100%;overflow-wrap:normal}
th{color:var(--soft);font-weight:500;font-size:.8rem;white-space:nowrap}
th,td{text-align:left;vertical-align:top;padding:.28rem 1.1rem .28rem 0;border-bottom:1px solid var(--line)}
tr:last-child td{border-bottom:0}td{white-space:nowrap}td.wide{white-space:normal;min-width:18rem}td.labels{white-space:normal;min-width:18rem}
td.url{white-space:normal;overflow-wrap:anywhere;min-width:14rem}
.number{text-align:right;font-variant-numeric:tabular-nums}
.label{display:inline-block;background:var(--page);border-radius:4px;padding:0 .35rem;margin:0 .25rem .15rem 0;font:.85em ui-monospace,Menlo,Consolas,monospace}
tr.problem td:first-child{box-shadow:inset 3px 0 0 var(--bad);padding-left:.6rem}
@media (max-width:40rem){body{padding:.6rem}section,.problems{padding:.6rem .7rem}dl{gap:.4rem 1.2rem}}
)";

}  // namespace invar::services
