# SlipwayStage.cmake - the functions as a builder stage sees them: images are not made there.
function(add_container_image)
endfunction()
function(container_stage)
endfunction()
function(container_copy)
endfunction()
function(container_test)
endfunction()
