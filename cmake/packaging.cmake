# What a package holds, and CPack's description of the packages: `cpack -G DEB`, `cpack -G RPM` (tools/build_packages.sh).
# The rpm brings the shared libraries of the build, for distributions have others: /usr/lib/invar, found by the run path.
set(INVAR_MAN ${CMAKE_BINARY_DIR}/man)
set(INVAR_COMPLETIONS ${CMAKE_BINARY_DIR}/completions)
set(packaging ${CMAKE_SOURCE_DIR}/packaging)

add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/manual.stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${INVAR_MAN}
  COMMAND invar help --write-man ${INVAR_MAN}
  COMMAND gzip -9nf ${INVAR_MAN}/*.1
  COMMAND ${CMAKE_COMMAND} -E make_directory ${INVAR_COMPLETIONS}
  COMMAND invar completion bash > ${INVAR_COMPLETIONS}/bash
  COMMAND invar completion zsh > ${INVAR_COMPLETIONS}/zsh
  COMMAND invar completion fish > ${INVAR_COMPLETIONS}/fish
  COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/manual.stamp
  DEPENDS invar)
add_custom_target(manual DEPENDS ${CMAKE_BINARY_DIR}/manual.stamp)

# Where the allocator has no heap profiles, the service does not ask itself for them.
file(READ ${packaging}/config.alloy config)
if(NOT INVAR_HEAP_PROFILES)
  string(REPLACE "pyroscope.scrape \"self\" {\n" [[
pyroscope.scrape "self" {
	profiling_config {
		profile.memory {
			enabled = false // Invar has no heap profiles of itself on this processor
		}
	}
]] config "${config}")
endif()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/config.alloy CONTENT "${config}" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${packaging}/config.alloy)

include(GNUInstallDirs)
install(DIRECTORY ${INVAR_MAN}/ DESTINATION share/man/man1 OPTIONAL)
install(FILES ${INVAR_COMPLETIONS}/bash DESTINATION share/bash-completion/completions RENAME invar OPTIONAL)
install(FILES ${INVAR_COMPLETIONS}/zsh DESTINATION share/zsh/vendor-completions RENAME _invar OPTIONAL)
install(FILES ${INVAR_COMPLETIONS}/fish DESTINATION share/fish/vendor_completions.d RENAME invar.fish OPTIONAL)
install(FILES ${packaging}/systemd/host.conf DESTINATION share/doc/invar/examples)
install(DIRECTORY ${CMAKE_BINARY_DIR}/licences DESTINATION share/doc/invar OPTIONAL)  # tools/build_packages.sh
install(FILES ${CMAKE_SOURCE_DIR}/CHANGELOG.md ${CMAKE_SOURCE_DIR}/docs/licenses/async-profiler.md DESTINATION share/doc/invar)
install(FILES ${packaging}/systemd/invar.service ${packaging}/systemd/invar.socket DESTINATION /lib/systemd/system COMPONENT service)
install(FILES ${CMAKE_BINARY_DIR}/config.alloy DESTINATION /etc/invar COMPONENT service)
install(FILES ${packaging}/systemd/invar.default DESTINATION /etc/default RENAME invar COMPONENT service)

set(CPACK_PACKAGE_NAME invar)
invar_version(version)
string(REPLACE "-devel" "~devel" CPACK_PACKAGE_VERSION ${version})  # older than the release, for dpkg and rpm
set(CPACK_PACKAGE_VENDOR "Invar")
set(CPACK_PACKAGE_CONTACT "Invar developers <invar@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Collector of continuous profiles")
set(CPACK_PACKAGE_DESCRIPTION "Invar scrapes, receives and relabels profiles and delivers them to Pyroscope, reading the configuration
files of Grafana Alloy for that one job. What it collects, where that goes and what was lost stands on its page at any moment.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES OFF)  # names of functions stay, for its own profiles
set(CPACK_MONOLITHIC_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates")
if(CMAKE_CROSSCOMPILING)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
  set(CPACK_RPM_PACKAGE_ARCHITECTURE aarch64)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS OFF)
  set(CPACK_PROJECT_CONFIG_FILE ${packaging}/debian/depends.cmake)
  set(CPACK_INVAR_SYSROOT ${CMAKE_SYSROOT})
  set(CPACK_INVAR_LIBRARY_ARCHITECTURE ${CMAKE_LIBRARY_ARCHITECTURE})
  set(CPACK_INVAR_PROGRAM ${CMAKE_BINARY_DIR}/invar)
endif()
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${packaging}/debian/postinst ${packaging}/debian/prerm ${packaging}/debian/postrm
    ${packaging}/debian/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE "LicenseRef-Invar")
set(CPACK_RPM_PACKAGE_AUTOREQPROV OFF)
set(CPACK_RPM_PACKAGE_REQUIRES "glibc >= 2.36, ca-certificates, shadow-utils")
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE ${packaging}/rpm/post_install.sh)
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE ${packaging}/rpm/pre_uninstall.sh)
set(CPACK_RPM_USER_FILELIST "%config(noreplace) /etc/invar/config.alloy" "%config(noreplace) /etc/default/invar")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /lib /lib/systemd /lib/systemd/system /etc/default /usr/share/man /usr/share/man/man1
    /usr/share/bash-completion /usr/share/bash-completion/completions /usr/share/zsh /usr/share/zsh/vendor-completions
    /usr/share/fish /usr/share/fish/vendor_completions.d)
set(CPACK_RPM_SPEC_MORE_DEFINE "%define _build_id_links none
%define __os_install_post %{nil}
%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _buildhost localhost")
set(CPACK_INVAR_SOURCE_DIR ${CMAKE_SOURCE_DIR})
set(CPACK_PRE_BUILD_SCRIPTS ${packaging}/rpm/bundle_libraries.cmake)
include(CPack)
