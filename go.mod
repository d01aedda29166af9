module enishi

go 1.26
